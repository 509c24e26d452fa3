import { listRepositories } from '../../../../api/repositories.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { explainRetention } from '../../../../api/retention-preview.ts'
import { send } from '../../lib/api.ts'
import { changeQuery } from '../../lib/location.ts'
import { splitRepository } from '../../lib/places.ts'
import { likeQ } from '../../lib/q.ts'
import { useApi } from '../../lib/query.ts'
import { Combobox, type Option } from '../../ui/combobox.tsx'
import { facetOf } from '../../ui/facets.tsx'
import { Field, Form, TextField } from '../../ui/form.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { DecisionBadge, Why } from './preview-section.tsx'
import { valueText } from './sentences.ts'
import { words } from './words.ts'

type Explained = AnswerOf<typeof explainRetention>

/** Says why one tag or artifact is here, and until when. */
export function WhySection({ project }: { project: string }) {
  const [repository, reference] = [facetOf('of'), facetOf('ref')]
  const isAsked = repository !== '' && reference !== ''
  const params = { project_name_or_id: project, repository_name: repository, reference }
  const { data, error, refresh } = useApi(explainRetention, { params }, { isOn: isAsked })
  return (
    <section class="card">
      <p class="quiet-text">{words().whyHint}</p>
      <div class="below why-form">
        <Form
          action={words().askWhy}
          submit={async ({ of = '', ref = '' }) => changeQuery({ of: of.trim(), ref: ref.trim() })}
        >
          <Field name="of" label={words().whyRepository} isRequired>
            {(tie) => (
              <Combobox
                tie={tie}
                name="of"
                label={words().whyRepository}
                initial={repository}
                find={(text, signal) => findRepositories(project, text, signal)}
                onPick={() => {}}
              />
            )}
          </Field>
          <TextField name="ref" label={words().whyReference} value={reference} isRequired />
        </Form>
      </div>
      {isAsked && error && <ErrorState error={error} onRetry={refresh} />}
      {isAsked && data && !error && <Answer what={`${repository}:${reference}`} explained={data} />}
    </section>
  )
}

async function findRepositories(project: string, text: string, signal: AbortSignal): Promise<Option[]> {
  const q = text === '' ? {} : { q: likeQ('name', text) }
  const { body } = await send(
    listRepositories,
    { params: { project_name: project }, query: { page_size: 10, ...q } },
    { signal },
  )
  return body.map(({ name }) => {
    const { repository } = splitRepository(name)
    return { value: repository, label: repository }
  })
}

function Answer({ what, explained: { kept, policies } }: { what: string; explained: Explained }) {
  return (
    <div class="why" role="status">
      <h2 class="wrap-text">{kept ? words().whyKept(what) : words().whyGoes(what)}</h2>
      {policies.length === 0 && <p>{words().whyNoPolicy}</p>}
      {policies.map(({ policy_id: id, level, decision, rules, next_run: next }) => (
        <div key={id} class="why-policy">
          <p class="row">
            <strong>{words().policyOf[level] ?? level}</strong>
            <DecisionBadge isKept={decision.kept} /> <Why decision={decision} />
          </p>
          {next !== undefined && (
            <p class="quiet-text">
              {words().next}: <TimeAgo at={next} />
            </p>
          )}
          <h3>{words().picks}</h3>
          {rules.length === 0 && <p class="quiet-text">{words().noPicks}</p>}
          <ol class="sentences">
            {rules.map((rule, index) => (
              <li key={index}>
                <DecisionBadge isKept={rule.action !== 'delete'} />
                <span class="wrap-text">
                  {rule.rule !== undefined && `${words().rule(rule.rule)}: `}
                  {rule.name !== '' && `${rule.name}: `}
                  {valueText(rule.value)}
                </span>
                {rule.until !== undefined && (
                  <span class="quiet-text">
                    {words().until} <TimeAgo at={rule.until} />
                  </span>
                )}
              </li>
            ))}
          </ol>
        </div>
      ))}
    </div>
  )
}

import { getScoreRules, updateScoreRules } from '../../../../api/scores.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { forget, useApi } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { showShare } from '../../lib/show.ts'
import { SelectField } from '../../ui/choices.tsx'
import { Form } from '../../ui/form.tsx'
import { Link } from '../../ui/link.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

/** The rules by which repositories are scored. */
export function Scores() {
  const found = useApi(getScoreRules, {})
  if (found.error && !found.data) return <ErrorState error={found.error} onRetry={found.refresh} />
  if (!found.data) return <div class="page-loading" aria-busy="true" />
  const { preset, factors, lowest, highest, ties } = found.data
  const presets = ['default', 'few-tags', ...(preset === 'custom' ? ['custom'] : [])]
  return (
    <div class="settings">
      <p class="tab-about">
        {words().scoresAbout} <Link to="/storage/unused">{words().toUnused}</Link>
      </p>
      <Form
        key={preset}
        {...(canInSystem('configuration', 'update') && { action: common().save })}
        submit={async ({ preset: asked }) => {
          if (asked === 'default' || asked === 'few-tags') await send(updateScoreRules, { body: { preset: asked } })
          forget('/system/scores', '/repositories')
          toast(words().saved)
        }}
      >
        <SelectField
          name="preset"
          label={words().rules}
          hint={words().ownRules}
          value={preset}
          options={presets.map((value) => ({ value, label: words().presets[value]! }))}
        />
      </Form>
      <PlainTable
        label={words().rules}
        rows={Object.entries(factors).filter(([, { weight }]) => weight > 0)}
        keyOf={([name]) => name}
        columns={[
          { name: 'factor', title: words().factor, cell: ([name]) => words().factors[name] ?? name },
          { name: 'weight', title: words().weight, isNumber: true, cell: ([, one]) => showShare(one.weight / 100) },
        ]}
      />
      <p class="quiet-text">
        {words().range(showShare(lowest / 100), showShare(highest / 100))} {words().ties(ties.length)}
      </p>
    </div>
  )
}

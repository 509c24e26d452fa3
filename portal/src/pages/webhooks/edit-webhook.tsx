import { useState } from 'preact/hooks'
import { getSupportedEventTypes } from '../../../../api/webhooks.ts'
import { common } from '../../i18n/common.ts'
import { ApiError, send } from '../../lib/api.ts'
import { useApi } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { CheckField, TextField, type Values } from '../../ui/form.tsx'
import { toast } from '../../ui/toasts.tsx'
import type { Policy, Side, Target } from './side.ts'
import { draftOf, TargetFields, targetOf, type TargetDraft } from './target-fields.tsx'
import { eventName, words } from './words.ts'

const usual = ['PUSH_ARTIFACT', 'DELETE_ARTIFACT']
/** What anybody can choose; the server tells more, such as those that nothing causes yet. */
const knownTypes = Object.keys(words().eventNames)

type EditProps = { side: Side; policy?: Policy; onClose(): void }

/** A new webhook, or another one's name, events and targets. */
export function EditWebhook({ side, policy, onClose }: EditProps) {
  const [events, setEvents] = useState<readonly string[]>(policy?.event_types ?? usual)
  const [targets, setTargets] = useState<TargetDraft[]>(() => (policy?.targets ?? [undefined]).map(draftOf))
  const setTarget = (key: number, part: Partial<TargetDraft>) =>
    setTargets(targets.map((one) => (one.key === key ? { ...one, ...part } : one)))
  return (
    <FormDialog
      title={policy ? words().editTitle(policy.name) : words().add}
      action={policy ? common().save : common().create}
      shape="wide"
      onClose={onClose}
      submit={async (values) => {
        if (events.length === 0) throw new ApiError(400, undefined, words().eventsBad)
        await save(side, policy, values, events, targets.map(targetOf))
      }}
      fieldOf={({ status }) => (status === 409 ? 'name' : undefined)}
    >
      <div class="two-fields">
        <TextField name="name" label={words().name} value={policy?.name ?? ''} isRequired autofocus maxLength={255} />
        <TextField name="description" label={words().description} value={policy?.description ?? ''} maxLength={255} />
      </div>
      <EventChoice side={side} chosen={events} onChange={setEvents} />
      <div class="two-fields">
        <TextField
          name="repositories"
          label={words().repositories}
          hint={words().repositoriesHint}
          value={policy?.repository_filter ?? ''}
        />
        <TextField name="tags" label={words().tags} hint={words().tagsHint} value={policy?.tag_filter ?? ''} />
      </div>
      {targets.map((draft, index) => (
        <TargetFields
          key={draft.key}
          number={index + 1}
          draft={draft}
          onChange={(part) => setTarget(draft.key, part)}
          onDrop={targets.length > 1 ? () => setTargets(targets.filter((one) => one !== draft)) : undefined}
        />
      ))}
      <div class="row">
        <Button icon="add" onClick={() => setTargets([...targets, draftOf(undefined)])}>
          {words().addTarget}
        </Button>
      </div>
      <CheckField name="enabled" label={words().isEnabled} isOn={policy?.enabled ?? true} />
    </FormDialog>
  )
}

type ChoiceProps = { side: Side; chosen: readonly string[]; onChange(types: string[]): void }

function EventChoice({ side, chosen, onChange }: ChoiceProps) {
  const isOfProject = 'project_name_or_id' in side.params
  const { data } = useApi(getSupportedEventTypes, { params: side.params }, { isOn: isOfProject })
  const types = data?.event_type ?? knownTypes
  const toggle = (type: string) =>
    onChange(chosen.includes(type) ? chosen.filter((one) => one !== type) : [...chosen, type])
  return (
    <fieldset class="event-choice">
      <legend>{words().events}</legend>
      {types.map((type) => (
        <label key={type}>
          <input type="checkbox" checked={chosen.includes(type)} onChange={() => toggle(type)} />
          <span>
            {eventName(type)}
            {data?.without_producer.includes(type) && <span class="quiet-text"> ({words().noProducer})</span>}
          </span>
        </label>
      ))}
    </fieldset>
  )
}

async function save(
  side: Side,
  policy: Policy | undefined,
  { name = '', description = '', repositories = '', tags = '', enabled }: Values,
  events: readonly string[],
  targets: Partial<Target>[],
): Promise<void> {
  const body = {
    name: name.trim(),
    description,
    targets,
    event_types: [...events],
    enabled: enabled === 'on',
    repository_filter: repositories,
    tag_filter: tags,
  }
  if (policy) await send(side.api.updatePolicy, { params: { ...side.params, webhook_policy_id: policy.id }, body })
  else await send(side.api.createPolicy, { params: side.params, body })
  side.forget()
  toast(policy ? words().saved(body.name) : words().made(body.name))
}

import { useId, useRef, useState } from 'preact/hooks'
import {
  createPreheatPolicy,
  listProvidersOfProject,
  previewPreheat,
  updatePreheatPolicy,
} from '../../../../api/preheat.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { useApi } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { SelectField } from '../../ui/choices.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { CheckField, Form, TextField, type FieldErrors, type Values } from '../../ui/form.tsx'
import { checkSchedule, scheduleIn, ScheduleFields } from '../../ui/schedule.tsx'
import { toast } from '../../ui/toasts.tsx'
import { extraOf, filterOf, forgetPolicies, paramsOf, triggerOf, type Policy, type PolicyBody } from './policy.ts'
import { PreviewView, type Preview } from './preview.tsx'
import { words } from './words.ts'

type EditorProps = { project: string; policy?: Policy; onClose(): void; onSaved?(name: string): void }

/** Makes or changes a policy; says on demand which images it chooses, before it is saved. */
export function PolicyEditor({ project, policy, onClose, onSaved }: EditorProps) {
  const id = useId()
  const [isBusy, setBusy] = useState(false)
  const [preview, setPreview] = useState<Preview | undefined>(undefined)
  const wantsPreview = useRef(false)
  const services = useApi(listProvidersOfProject, { params: { project_name: project } })
  if (!services.data) return null
  const submit = async (values: Values) => {
    const body = bodyIn(values, policy)
    if (wantsPreview.current) {
      const { body: found } = await send(previewPreheat, { params: { project_name: project }, body })
      return setPreview(found)
    }
    await save(project, body, policy)
    onSaved?.(body.name ?? '')
    return onClose()
  }
  const actions = (
    <>
      <Button onClick={onClose}>{common().cancel}</Button>
      <Button type="submit" form={id} icon="search" isBusy={isBusy} onClick={() => (wantsPreview.current = true)}>
        {words().preview}
      </Button>
      <Button tone="main" type="submit" form={id} isBusy={isBusy} onClick={() => (wantsPreview.current = false)}>
        {policy ? common().save : common().create}
      </Button>
    </>
  )
  const title = policy ? words().editTitle(policy.name ?? '') : words().newPolicy
  return (
    <Dialog title={title} shape="wide" onClose={onClose} actions={actions}>
      <Form id={id} onBusy={setBusy} check={check} submit={submit} fieldOf={fieldOf}>
        <Where policy={policy} services={services.data} />
        <What policy={policy} />
        <When policy={policy} />
      </Form>
      {preview && (
        <div class="preheat-preview">
          <PreviewView preview={preview} />
        </div>
      )}
    </Dialog>
  )
}

function fieldOf({ status, message }: { status: number; message: string }): string | undefined {
  if (message.startsWith('the repository filter')) return 'repositories'
  if (message.startsWith('the tag filter')) return 'tags'
  return status === 409 || message.startsWith('name ') ? 'name' : undefined
}

async function save(project: string, body: PolicyBody, policy: Policy | undefined): Promise<void> {
  if (policy) await send(updatePreheatPolicy, { params: paramsOf(project, policy.name ?? ''), body })
  else await send(createPreheatPolicy, { params: { project_name: project }, body })
  forgetPolicies(project)
  toast(words().policySaved(body.name ?? ''))
}

type PartProps = { policy: Policy | undefined }
type Services = AnswerOf<typeof listProvidersOfProject>

/** A service as a project sees it: `dragonfly d7y-http://...`. */
const serviceLabel = (text: string) => text.replace(/^(\S+) (.*?)-(https?:.*)$/, '$2 ($1, $3)')

function Where({ policy, services }: PartProps & { services: Services }) {
  const known = policy?.provider_id
  const options = services
    .filter(({ id, enabled }) => enabled === true || id === known)
    .map(({ id, provider }) => ({ value: String(id), label: serviceLabel(provider) }))
  const usual = services.find((one) => one.default && one.enabled)?.id
  const [service, setService] = useState(String(known ?? usual ?? options[0]?.value ?? ''))
  const isDragonfly = services.find(({ id }) => String(id) === service)?.provider.startsWith('dragonfly ') ?? false
  return (
    <>
      {options.length === 0 && <p class="note warn">{words().noService}</p>}
      <div class="side-fields">
        <TextField name="name" label={words().name} value={policy?.name ?? ''} maxLength={255} isRequired autofocus />
        <TextField name="description" label={words().description} value={policy?.description ?? ''} />
      </div>
      <div class="side-fields">
        <SelectField
          name="service"
          label={words().service}
          value={service}
          options={options}
          onPick={(one) => setService(one)}
        />
        {isDragonfly && (
          <SelectField
            name="scope"
            label={words().scope}
            value={(policy && extraOf(policy).scope) ?? ''}
            options={Object.entries(words().scopes).map(([value, label]) => ({ value, label }))}
          />
        )}
      </div>
    </>
  )
}

function What({ policy }: PartProps) {
  const text = (type: string) => {
    const value = filterOf(policy, type)
    return typeof value === 'string' && value !== '**' ? value : ''
  }
  const below = filterOf(policy, 'vulnerability')
  return (
    <>
      <div class="side-fields">
        <TextField
          name="repositories"
          label={words().repositories}
          hint={words().repositoriesHint}
          placeholder="**"
          value={text('repository')}
        />
        <TextField name="tags" label={words().tags} hint={words().tagsHint} placeholder="**" value={text('tag')} />
      </div>
      <div class="side-fields">
        <TextField name="labels" label={words().labels} hint={words().labelsHint} value={text('label')} />
        <SelectField
          name="below"
          label={words().below}
          value={typeof below === 'number' ? String(below) : ''}
          options={[
            { value: '', label: words().any },
            ...words()
              .severities.map((label, code) => ({ value: String(code), label }))
              .slice(1),
          ]}
        />
      </div>
      <CheckField name="signed" label={words().signedOnly} isOn={filterOf(policy, 'signature') === true} />
    </>
  )
}

function When({ policy }: PartProps) {
  const { type: first, trigger_setting: setting } = policy ? triggerOf(policy) : { type: 'event_based' }
  const [trigger, setTrigger] = useState(first)
  return (
    <>
      <SelectField
        name="trigger"
        label={words().trigger}
        value={first}
        options={[
          { value: 'event_based', label: words().byEvent },
          { value: 'scheduled', label: words().scheduled },
          { value: 'manual', label: words().byHand },
        ]}
        onPick={(one) => setTrigger(one)}
      />
      {trigger === 'scheduled' && <ScheduleFields type="Custom" cron={setting?.cron} withNone={false} />}
      <CheckField name="enabled" label={words().enabled} isOn={policy?.enabled ?? true} />
    </>
  )
}

const check = (values: Values): FieldErrors => (values['trigger'] === 'scheduled' ? checkSchedule(values) : {})

/** The policy that the form says. What the form has no field for stays as it is. */
function bodyIn(values: Values, policy: Policy | undefined): PolicyBody {
  const { name = '', description = '', service = '0', trigger = 'manual', scope } = values
  const cron = trigger === 'scheduled' ? (scheduleIn(values).cron ?? '') : ''
  const { scope: _known, ...kept } = policy ? extraOf(policy) : {}
  const extra = scope === undefined ? {} : { ...kept, ...(scope === '' ? {} : { scope }) }
  return {
    name: name.trim(),
    description,
    provider_id: Number(service),
    filters: JSON.stringify(filtersIn(values)),
    trigger: JSON.stringify({ type: trigger, trigger_setting: { cron } }),
    ...(Object.keys(extra).length === 0 ? {} : { extra_attrs: JSON.stringify(extra) }),
    enabled: values['enabled'] === 'on',
  }
}

/** As Harbor's portal, with a pattern for all where a field is empty. */
function filtersIn({ repositories = '', tags = '', labels = '', below = '', signed }: Values) {
  return [
    { type: 'repository', value: repositories.trim() || '**' },
    { type: 'tag', value: tags.trim() || '**' },
    ...(labels.trim() === '' ? [] : [{ type: 'label', value: labels.trim() }]),
    ...(signed === 'on' ? [{ type: 'signature', value: true }] : []),
    ...(below === '' ? [] : [{ type: 'vulnerability', value: Number(below) }]),
  ]
}

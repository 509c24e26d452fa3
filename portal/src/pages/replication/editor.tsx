import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { listRegistries } from '../../../../api/endpoints.ts'
import {
  createReplicationPolicy,
  previewReplication,
  updateReplicationPolicy,
  type previewReplicationPolicy,
} from '../../../../api/replication.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { forget, useApi } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { SelectField } from '../../ui/choices.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { CheckField, Form, TextField, type FieldErrors, type Values } from '../../ui/form.tsx'
import { checkSchedule, ScheduleFields } from '../../ui/schedule.tsx'
import { toast } from '../../ui/toasts.tsx'
import { bodyIn } from './body.ts'
import { checkNames, fieldOfNames, NamesFields, PlatformFields } from './names-fields.tsx'
import { endpointOf, filterText, isPush, type Policy, type PolicyBody } from './policy.tsx'
import { PreviewView } from './preview.tsx'
import { words } from './words.ts'

type Preview = AnswerOf<typeof previewReplicationPolicy>

/** Makes or changes a policy; says on demand what it would do, before it is saved. */
export function Editor({ policy, onClose }: { policy?: Policy; onClose(): void }) {
  const id = useId()
  const [isBusy, setBusy] = useState(false)
  const [preview, setPreview] = useState<Preview | undefined>(undefined)
  const wantsPreview = useRef(false)
  const endpoints = useApi(listRegistries, { query: { page_size: 100 } })
  if (!endpoints.data) return null
  const submit = async (values: Values) => {
    const body = bodyIn(values, policy)
    if (wantsPreview.current) return setPreview((await send(previewReplication, { body })).body)
    await save(body, policy)
    return onClose()
  }
  const actions = (
    <>
      <Button onClick={onClose}>{common().cancel}</Button>
      <Button type="submit" form={id} icon="search" isBusy={isBusy} onClick={() => (wantsPreview.current = true)}>
        {words().previewNow}
      </Button>
      <Button tone="main" type="submit" form={id} isBusy={isBusy} onClick={() => (wantsPreview.current = false)}>
        {policy ? common().save : common().create}
      </Button>
    </>
  )
  return (
    <Dialog
      title={policy ? words().editTitle(policy.name ?? '') : words().create}
      shape="wide"
      onClose={onClose}
      actions={actions}
    >
      <Form
        id={id}
        onBusy={setBusy}
        check={check}
        submit={submit}
        fieldOf={({ status, message }) => (status === 409 ? 'name' : fieldOfNames(message))}
      >
        <Where policy={policy} endpoints={endpoints.data} />
        <What policy={policy} />
        <NamesFields policy={policy} />
        <When policy={policy} />
      </Form>
      {preview && <PreviewBelow key={JSON.stringify(preview)} preview={preview} />}
    </Dialog>
  )
}

async function save(body: PolicyBody, policy: Policy | undefined): Promise<void> {
  if (policy) await send(updateReplicationPolicy, { params: { id: policy.id! }, body })
  else await send(createReplicationPolicy, { body })
  forget('/replication', '/schedules')
  toast(words().saved(body.name ?? ''))
}

/** A preview below the form, which comes into sight. */
function PreviewBelow({ preview }: { preview: Preview }) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => place.current?.scrollIntoView({ block: 'nearest' }), [])
  return (
    <div ref={place} class="preview-below">
      <PreviewView preview={preview} />
    </div>
  )
}

type PartProps = { policy: Policy | undefined }

type Endpoints = AnswerOf<typeof listRegistries>

function Where({ policy, endpoints }: PartProps & { endpoints: Endpoints }) {
  const options = endpoints.map(({ id, name }) => ({ value: String(id), label: name }))
  return (
    <>
      {options.length === 0 && <p class="note warn">{words().noEndpoint}</p>}
      <div class="side-fields">
        <TextField
          name="name"
          label={words().name}
          hint={words().nameHint}
          value={policy?.name ?? ''}
          maxLength={256}
          isRequired
          autofocus
        />
        <TextField name="description" label={words().description} value={policy?.description ?? ''} />
      </div>
      <div class="side-fields">
        <SelectField
          name="direction"
          label={words().direction}
          value={policy && !isPush(policy) ? 'pull' : 'push'}
          options={[
            { value: 'push', label: words().push },
            { value: 'pull', label: words().pull },
          ]}
        />
        <SelectField
          name="endpoint"
          label={words().endpoint}
          value={String((policy && endpointOf(policy).id) ?? options[0]?.value ?? '')}
          options={options}
        />
      </div>
    </>
  )
}

function What({ policy }: PartProps) {
  const text = (type: string) => (policy ? filterText(policy, type) : '')
  const excludes = policy?.filters?.some((one) => one.type === 'tag' && one.decoration === 'excludes') === true
  return (
    <>
      <div class="side-fields">
        <TextField
          name="repositories"
          label={words().repositories}
          hint={words().repositoriesHint}
          placeholder="library/**"
          value={text('name')}
        />
        <TextField name="tags" label={words().tags} hint={words().tagsHint} placeholder="v*" value={text('tag')} />
      </div>
      <CheckField name="except" label={words().tagsExcept} isOn={excludes} />
      <div class="side-fields">
        <SelectField
          name="resource"
          label={words().kind}
          value={text('resource')}
          options={[
            { value: '', label: words().anyKind },
            { value: 'image', label: words().images },
            { value: 'artifact', label: words().others },
          ]}
        />
        <TextField name="labels" label={words().labels} hint={words().labelsHint} value={text('label')} />
      </div>
    </>
  )
}

function When({ policy }: PartProps) {
  const first = policy?.trigger?.type ?? 'manual'
  const [trigger, setTrigger] = useState(first)
  return (
    <>
      <SelectField
        name="trigger"
        label={words().trigger}
        value={first}
        options={[
          { value: 'manual', label: words().manual },
          { value: 'scheduled', label: words().scheduled },
          { value: 'event_based', label: words().eventBased },
        ]}
        onPick={(one) => setTrigger(one)}
      />
      {trigger === 'scheduled' && (
        <ScheduleFields type="Custom" cron={policy?.trigger?.trigger_settings?.cron} withNone={false} />
      )}
      <How policy={policy} />
    </>
  )
}

function How({ policy }: PartProps) {
  return (
    <>
      <CheckField name="enabled" label={words().enabled} isOn={policy?.enabled ?? true} />
      <CheckField
        name="override"
        label={words().override}
        hint={words().overrideHint}
        isOn={policy?.override ?? true}
      />
      <CheckField
        name="deletion"
        label={words().deletion}
        hint={words().deletionHint}
        isOn={policy?.deletion ?? false}
      />
      <details open={(policy?.platforms ?? []).length > 0}>
        <summary>{words().more}</summary>
        <div class="form below">
          <PlatformFields policy={policy} />
          <TextField
            name="speed"
            label={words().speed}
            hint={words().speedHint}
            type="number"
            min={0}
            value={String(policy?.speed ?? 0)}
          />
          <CheckField
            name="single"
            label={words().single}
            hint={words().singleHint}
            isOn={policy?.single_active_replication ?? false}
          />
          <CheckField
            name="chunked"
            label={words().chunked}
            hint={words().chunkedHint}
            isOn={policy?.copy_by_chunk ?? false}
          />
        </div>
      </details>
    </>
  )
}

function check(values: Values): FieldErrors {
  const { trigger, speed = '0' } = values
  return {
    ...checkNames(values),
    ...(trigger === 'scheduled' ? checkSchedule(values) : {}),
    ...(/^\d*$/.test(speed) ? {} : { speed: words().speedBad }),
  }
}

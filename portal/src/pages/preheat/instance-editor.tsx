import { useState } from 'preact/hooks'
import {
  createPreheatInstance,
  listPreheatProviders,
  pingPreheatInstance,
  updatePreheatInstance,
} from '../../../../api/preheat.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { forget, useApi } from '../../lib/query.ts'
import { SelectField } from '../../ui/choices.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { CheckField, TextField, type FieldErrors, type Values } from '../../ui/form.tsx'
import { toast } from '../../ui/toasts.tsx'
import type { Instance } from './instance.ts'
import { words } from './words.ts'

/** Makes or changes a service, and tests it on demand before it is saved. */
export function InstanceEditor({ instance, onClose }: { instance?: Instance; onClose(): void }) {
  const kinds = useApi(listPreheatProviders, {})
  if (!kinds.data) return null
  return (
    <FormDialog
      title={instance ? words().editTitle(instance.name ?? '') : words().newInstance}
      action={instance ? common().save : common().create}
      onClose={onClose}
      check={(values) => check(values, instance)}
      submit={(values) => save(values, instance)}
      trial={{ label: words().testNow, worked: words().answersNow, run: (values) => test(values, instance) }}
      fieldOf={fieldOf}
    >
      <Fields instance={instance} kinds={kinds.data.map((one) => ({ value: one.id, label: one.name }))} />
    </FormDialog>
  )
}

const fieldOf = ({ status, message }: { status: number; message: string }): string | undefined =>
  /endpoint/.test(message) ? 'endpoint' : status === 409 || message.startsWith('name ') ? 'name' : undefined

type FieldsProps = { instance: Instance | undefined; kinds: { value: string; label: string }[] }

function Fields({ instance, kinds }: FieldsProps) {
  return (
    <>
      <SelectField
        name="vendor"
        label={words().kind}
        value={instance?.vendor ?? kinds[0]?.value ?? ''}
        options={kinds}
      />
      <TextField name="name" label={words().name} value={instance?.name ?? ''} maxLength={255} isRequired autofocus />
      <TextField
        name="endpoint"
        label={words().address}
        hint={words().addressHint}
        value={instance?.endpoint ?? ''}
        isRequired
      />
      <TextField name="description" label={words().description} value={instance?.description ?? ''} />
      <Login instance={instance} />
      <CheckField
        name="insecure"
        label={words().insecure}
        hint={words().insecureHint}
        isOn={instance?.insecure ?? false}
      />
      <CheckField name="enabled" label={words().enabled} isOn={instance?.enabled ?? true} />
      <CheckField name="default" label={words().asDefault} isOn={instance?.default ?? false} />
    </>
  )
}

const modes = ['NONE', 'BASIC', 'OAUTH', 'CUSTOM'] as const

function Login({ instance }: { instance: Instance | undefined }) {
  const first = instance?.auth_mode ?? 'NONE'
  const [mode, setMode] = useState(first)
  const kept = instance && mode === first ? words().secretKept : undefined
  return (
    <>
      <SelectField
        name="mode"
        label={words().login}
        value={first}
        options={modes.map((value) => ({ value: value as string, label: words().auth[value]! }))}
        onPick={(one) => setMode(one)}
      />
      {mode === 'BASIC' && <TextField name="user" label={words().user} hint={kept} autocomplete="off" />}
      {mode === 'CUSTOM' && <TextField name="header" label={words().header} hint={kept} autocomplete="off" />}
      {mode !== 'NONE' && (
        <TextField
          name="secret"
          type="password"
          label={mode === 'BASIC' ? words().password : mode === 'OAUTH' ? words().token : words().headerValue}
          hint={kept}
          autocomplete="new-password"
        />
      )}
    </>
  )
}

function check(values: Values, instance: Instance | undefined): FieldErrors {
  const { endpoint = '', mode = 'NONE', secret = '' } = values
  const isKept = instance !== undefined && (instance.auth_mode ?? 'NONE') === mode
  return {
    ...(endpoint !== '' && !URL.canParse(endpoint) ? { endpoint: words().addressBad } : {}),
    ...(mode !== 'NONE' && secret === '' && !isKept ? { secret: words().secretNeeded } : {}),
  }
}

function bodyIn(values: Values): Instance {
  const { mode = 'NONE', user = '', header = '', secret = '' } = values
  const infos: Record<string, Record<string, string>> = {
    BASIC: { username: user, password: secret },
    OAUTH: { token: secret },
    CUSTOM: { [header]: secret },
  }
  const info = infos[mode]
  return {
    name: (values['name'] ?? '').trim(),
    description: values['description'] ?? '',
    vendor: values['vendor'] ?? '',
    endpoint: (values['endpoint'] ?? '').trim(),
    auth_mode: mode,
    ...(info === undefined || secret === '' ? {} : { auth_info: info }),
    insecure: values['insecure'] === 'on',
    enabled: values['enabled'] === 'on',
    default: values['default'] === 'on',
  }
}

/** A saved service is tested as it is saved, when nothing was given that would replace its secret. */
async function test(values: Values, instance: Instance | undefined): Promise<void> {
  const body = bodyIn(values)
  const isSaved = instance?.id !== undefined && body.endpoint === instance.endpoint && body.auth_info === undefined
  await send(pingPreheatInstance, { body: isSaved ? { id: instance.id! } : body })
  forget('/p2p/preheat')
}

async function save(values: Values, instance: Instance | undefined): Promise<void> {
  const body = bodyIn(values)
  if (instance) await send(updatePreheatInstance, { params: { preheat_instance_name: instance.name ?? '' }, body })
  else await send(createPreheatInstance, { body })
  forget('/p2p/preheat')
  toast(words().saved(body.name ?? ''))
}

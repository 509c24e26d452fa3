import type { AnswerOf } from '../../../../api/operation.ts'
import { createScanner, pingScanner, updateScanner, type listScanners } from '../../../../api/scanners.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { SelectField } from '../../ui/choices.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { CheckField, TextField, type Values } from '../../ui/form.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

export type Scanner = AnswerOf<typeof listScanners>[number]

/** Makes or changes a registration, and tests it on demand before it is saved. */
export function ScannerEditor({ scanner, onClose }: { scanner?: Scanner; onClose(): void }) {
  return (
    <FormDialog
      title={scanner ? words().editTitle(scanner.name) : words().create}
      action={scanner ? common().save : common().create}
      onClose={onClose}
      submit={(values) => save(bodyIn(values), scanner)}
      trial={{ label: words().test, worked: words().answers, run: test }}
      fieldOf={({ status }) => (status === 409 ? 'name' : undefined)}
    >
      <Fields scanner={scanner} />
    </FormDialog>
  )
}

async function test(values: Values): Promise<void> {
  const { name, url, auth } = bodyIn(values)
  await send(pingScanner, { body: { name, url, auth, access_credential: values['secret'] ?? '' } })
}

async function save(body: ReturnType<typeof bodyIn>, scanner: Scanner | undefined): Promise<void> {
  if (scanner) await send(updateScanner, { params: { registration_id: scanner.uuid }, body })
  else await send(createScanner, { body })
  forget('/scanners')
  toast(words().saved(body.name))
}

function Fields({ scanner }: { scanner: Scanner | undefined }) {
  return (
    <>
      <TextField name="name" label={words().name} value={scanner?.name ?? ''} maxLength={128} isRequired autofocus />
      <TextField name="description" label={words().description} value={scanner?.description ?? ''} />
      <TextField
        name="url"
        type="url"
        label={words().address}
        hint={words().addressHint}
        value={scanner?.url ?? ''}
        isRequired
      />
      <SelectField
        name="auth"
        label={words().auth}
        value={scanner?.auth ?? ''}
        options={Object.entries(words().auths).map(([value, label]) => ({ value, label }))}
      />
      <TextField
        name="secret"
        type="password"
        label={words().secret}
        hint={words().secretHint}
        autocomplete="new-password"
      />
      <CheckField name="skip" label={words().skipCheck} isOn={scanner?.skip_certVerify ?? false} />
    </>
  )
}

function bodyIn({ name = '', description = '', url = '', auth = '', secret = '', skip }: Values) {
  return {
    name: name.trim(),
    description,
    url: url.trim(),
    auth,
    skip_certVerify: skip === 'on',
    ...(secret === '' ? {} : { access_credential: secret }),
  }
}

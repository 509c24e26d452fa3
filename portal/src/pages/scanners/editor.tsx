import { useId, useRef, useState } from 'preact/hooks'
import type { AnswerOf } from '../../../../api/operation.ts'
import { createScanner, pingScanner, updateScanner, type listScanners } from '../../../../api/scanners.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { SelectField } from '../../ui/choices.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { CheckField, Form, TextField, type Values } from '../../ui/form.tsx'
import { Icon } from '../../ui/icon.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

export type Scanner = AnswerOf<typeof listScanners>[number]

/** Makes or changes a registration, and tests it on demand before it is saved. */
export function ScannerEditor({ scanner, onClose }: { scanner?: Scanner; onClose(): void }) {
  const id = useId()
  const [isBusy, setBusy] = useState(false)
  const [isTested, setTested] = useState(false)
  const testsOnly = useRef(false)
  const submit = async (values: Values) => {
    setTested(false)
    const body = bodyIn(values)
    if (testsOnly.current) {
      const { name, url, auth } = body
      await send(pingScanner, { body: { name, url, auth, access_credential: values['secret'] ?? '' } })
      return setTested(true)
    }
    if (scanner) await send(updateScanner, { params: { registration_id: scanner.uuid }, body })
    else await send(createScanner, { body })
    forget('/scanners')
    toast(words().saved(body.name))
    return onClose()
  }
  return (
    <Dialog
      title={scanner ? words().editTitle(scanner.name) : words().create}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{common().cancel}</Button>
          <Button type="submit" form={id} icon="refresh" isBusy={isBusy} onClick={() => (testsOnly.current = true)}>
            {words().test}
          </Button>
          <Button tone="main" type="submit" form={id} isBusy={isBusy} onClick={() => (testsOnly.current = false)}>
            {scanner ? common().save : common().create}
          </Button>
        </>
      }
    >
      <Form id={id} onBusy={setBusy} submit={submit} fieldOf={({ status }) => (status === 409 ? 'name' : undefined)}>
        <Fields scanner={scanner} />
        <div role="status">
          {isTested && (
            <p class="note info">
              <Icon name="check" /> {words().answers}
            </p>
          )}
        </div>
      </Form>
    </Dialog>
  )
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

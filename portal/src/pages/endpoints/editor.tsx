import { useId, useState } from 'preact/hooks'
import {
  createRegistry,
  listAdapterInfos,
  listAdapters,
  pingRegistry,
  updateRegistry,
} from '../../../../api/endpoints.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { forget, useApi } from '../../lib/query.ts'
import { SelectField } from '../../ui/choices.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { CheckField, Field, TextField, type FieldErrors, type Values } from '../../ui/form.tsx'
import { toast } from '../../ui/toasts.tsx'
import type { Endpoint } from './endpoint.ts'
import { words } from './words.ts'

/** What an answer has in place of a secret; sent back, the secret stays. */
const hidden = '*****'

/** Makes or changes an endpoint, and tests it on demand before it is saved. */
export function EndpointEditor({ endpoint, onClose }: { endpoint?: Endpoint; onClose(): void }) {
  const kinds = useApi(listAdapters, {})
  if (!kinds.data) return null
  return (
    <FormDialog
      title={endpoint ? words().editTitle(endpoint.name) : words().create}
      action={endpoint ? common().save : common().create}
      onClose={onClose}
      check={check}
      submit={(values) => save(values, endpoint)}
      trial={{ label: words().testNow, worked: words().answersNow, run: (values) => test(values, endpoint) }}
      fieldOf={({ status }) => (status === 409 ? 'name' : undefined)}
    >
      <Fields endpoint={endpoint} kinds={kinds.data} />
    </FormDialog>
  )
}

function Fields({ endpoint, kinds }: { endpoint: Endpoint | undefined; kinds: string[] }) {
  const list = useId()
  const first = endpoint?.type ?? (kinds.includes('docker-hub') ? 'docker-hub' : (kinds[0] ?? ''))
  const [kind, setKind] = useState(first)
  const infos = useApi(listAdapterInfos, {})
  const fixed = infos.data?.[kind]?.endpoint_pattern?.endpoints ?? []
  return (
    <>
      {!endpoint && (
        <SelectField
          name="type"
          label={words().kind}
          value={first}
          options={kinds.map((value) => ({ value, label: value }))}
          onPick={(one) => setKind(one)}
        />
      )}
      <TextField name="name" label={words().name} value={endpoint?.name ?? ''} maxLength={64} isRequired autofocus />
      <TextField name="description" label={words().description} value={endpoint?.description ?? ''} />
      <Field name="url" label={words().address} hint={words().addressHint} isRequired>
        {(tie) => (
          <input
            {...tie}
            key={fixed[0]?.value ?? ''}
            type="url"
            spellcheck={false}
            list={fixed.length > 1 ? list : undefined}
            defaultValue={endpoint?.url ?? (fixed.length === 1 ? fixed[0]!.value : '')}
          />
        )}
      </Field>
      <datalist id={list}>
        {fixed.map((one) => (
          <option key={one.key} value={one.value} label={one.key} />
        ))}
      </datalist>
      <Credential endpoint={endpoint} />
      <Certificates endpoint={endpoint} />
    </>
  )
}

function Certificates({ endpoint }: { endpoint: Endpoint | undefined }) {
  return (
    <>
      <CheckField
        name="insecure"
        label={words().insecure}
        hint={words().insecureHint}
        isOn={endpoint?.insecure ?? false}
      />
      <TextField
        name="ca"
        label={words().ca}
        hint={words().caHint}
        rows={3}
        value={endpoint?.ca_certificate ?? ''}
        placeholder="-----BEGIN CERTIFICATE-----"
      />
    </>
  )
}

function Credential({ endpoint }: { endpoint: Endpoint | undefined }) {
  const { type = '', access_key: key = '', access_secret: secret = '' } = endpoint?.credential ?? {}
  const [kind, setKind] = useState(type)
  return (
    <>
      <SelectField
        name="credential"
        label={words().credential}
        value={type}
        options={[
          { value: '', label: words().noCredential },
          { value: 'basic', label: words().basic },
          { value: 'oauth', label: words().oauth },
        ]}
        onPick={(one) => setKind(one)}
      />
      {kind !== '' && (
        <>
          <TextField name="key" label={words().key} value={key} autocomplete="off" />
          <TextField
            name="secret"
            type="password"
            label={words().secret}
            hint={secret === '' ? undefined : words().secretKept}
            value={secret}
            autocomplete="new-password"
          />
        </>
      )}
    </>
  )
}

const check = ({ url = '' }: Values): FieldErrors =>
  url !== '' && !URL.canParse(url) ? { url: words().addressBad } : {}

/** The fields of an address and its credential, as a change and a test take them. */
function addressIn({ url = '', credential = '', key = '', secret = '', insecure, ca = '' }: Values) {
  return {
    url: url.trim(),
    credential_type: credential,
    access_key: credential === '' ? '' : key,
    access_secret: credential === '' ? '' : secret,
    insecure: insecure === 'on',
    ca_certificate: ca.trim(),
  }
}

async function test(values: Values, endpoint: Endpoint | undefined): Promise<void> {
  const { url, access_secret: secret, ...rest } = addressIn(values)
  const isSaved = endpoint !== undefined && url === endpoint.url
  await send(pingRegistry, {
    body: {
      ...rest,
      ...(isSaved ? { id: endpoint.id } : { url, type: endpoint?.type ?? values['type'] }),
      ...(secret === hidden ? {} : { access_secret: secret }),
    },
  })
}

async function save(values: Values, endpoint: Endpoint | undefined): Promise<void> {
  const { name = '', description = '', type = '' } = values
  const address = addressIn(values)
  if (endpoint) {
    const body = { name: name.trim(), description, ...address }
    await send(updateRegistry, { params: { id: endpoint.id }, body })
  } else {
    const { credential_type: credentialType, access_key: key, access_secret: secret, ...rest } = address
    const credential =
      credentialType === '' ? {} : { credential: { type: credentialType, access_key: key, access_secret: secret } }
    await send(createRegistry, { body: { name: name.trim(), description, type, ...rest, ...credential } })
  }
  forget('/registries')
  toast(words().saved(name))
}

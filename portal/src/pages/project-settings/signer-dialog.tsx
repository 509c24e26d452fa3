import { useState } from 'preact/hooks'
import type { AnswerOf } from '../../../../api/operation.ts'
import { listTrustRoots, putSigner, type listSigners } from '../../../../api/signatures.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { forget, useApi } from '../../lib/query.ts'
import { RadioCards, SelectField } from '../../ui/choices.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { TextField, type Values } from '../../ui/form.tsx'
import { toast } from '../../ui/toasts.tsx'
import { signerWords as words } from './signer-words.ts'

export type Signer = AnswerOf<typeof listSigners>[number]

const kinds = ['key', 'certificate', 'keyless'] as const
type Kind = (typeof kinds)[number]

/** Makes a signer of a project, or changes one. */
export function SignerDialog({ project, signer, onClose }: { project: string; signer?: Signer; onClose(): void }) {
  const [kind, setKind] = useState<Kind>(signer?.kind ?? 'key')
  return (
    <FormDialog
      title={signer ? words().editTitle(signer.name) : words().add}
      action={common().save}
      onClose={onClose}
      submit={async (values) => {
        const name = signer?.name ?? values['signer']!.trim()
        await send(putSigner, {
          params: { project_name_or_id: project, signer_name: name },
          body: bodyOf(kind, values),
        })
        forget(`/projects/${project}`)
        toast(words().saved(name))
      }}
    >
      {!signer && (
        <TextField name="signer" label={words().name} hint={words().nameHint} isRequired autofocus maxLength={255} />
      )}
      <RadioCards
        name="kind"
        label={words().kind}
        value={kind}
        options={kinds.map((value) => ({ value, label: words().kinds[value], hint: words().kindHints[value] }))}
        onPick={(one) => setKind(one)}
      />
      {kind === 'key' && (
        <TextField
          name="key"
          label={words().publicKey}
          rows={6}
          isRequired
          placeholder="-----BEGIN PUBLIC KEY-----"
          value={signer?.key?.public_key ?? ''}
        />
      )}
      {kind === 'certificate' && <CertificateFields signer={signer} />}
      {kind === 'keyless' && <AccountFields signer={signer} />}
    </FormDialog>
  )
}

type Given = { signer: Signer | undefined }

function CertificateFields({ signer }: Given) {
  const { certificates = '', identities = [] } = signer?.certificate ?? {}
  return (
    <>
      <TextField
        name="certificates"
        label={words().certificates}
        rows={6}
        isRequired
        placeholder="-----BEGIN CERTIFICATE-----"
        value={certificates}
      />
      <TextField
        name="identities"
        label={words().identities}
        hint={words().identitiesHint}
        rows={3}
        isRequired
        value={identities.join('\n')}
      />
    </>
  )
}

function AccountFields({ signer }: Given) {
  const { data } = useApi(listTrustRoots, {})
  const { issuer = '', subject = '', trust_root: root } = signer?.keyless ?? {}
  if (data?.length === 0) return <p class="note warn">{words().noRoot}</p>
  return (
    <>
      <TextField name="issuer" label={words().issuer} hint={words().issuerHint} isRequired value={issuer} />
      <TextField name="subject" label={words().subject} hint={words().subjectHint} isRequired value={subject} />
      {data && (
        <SelectField
          name="root"
          label={words().root}
          value={root ?? data[0]!.name}
          options={data.map(({ name }) => ({ value: name, label: name }))}
        />
      )}
    </>
  )
}

function bodyOf(kind: Kind, values: Values) {
  const { key = '', certificates = '', identities = '', issuer = '', subject = '', root = '' } = values
  if (kind === 'key') return { key: { public_key: key } }
  if (kind === 'keyless') return { keyless: { issuer: issuer.trim(), subject: subject.trim(), trust_root: root } }
  const lines = identities.split('\n').map((one) => one.trim())
  return { certificate: { certificates, identities: lines.filter((one) => one !== '') } }
}

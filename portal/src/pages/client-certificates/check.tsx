import { useState } from 'preact/hooks'
import { checkClientCertificate } from '../../../../api/client-certificates.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { send } from '../../lib/api.ts'
import { Form, TextField } from '../../ui/form.tsx'
import { Icon } from '../../ui/icon.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { words } from './words.ts'

type Checked = AnswerOf<typeof checkClientCertificate>

/** Asks the server what it would make of a certificate. */
export function CheckCertificate() {
  const [checked, setChecked] = useState<Checked | undefined>(undefined)
  return (
    <div class="certificate-check">
      <Form
        action={words().run}
        submit={async ({ certificate = '' }) => {
          setChecked(undefined)
          setChecked((await send(checkClientCertificate, { body: { certificate } })).body)
        }}
      >
        <TextField
          name="certificate"
          label={words().certificate}
          hint={words().checkHint}
          rows={6}
          maxLength={65_536}
          placeholder="-----BEGIN CERTIFICATE-----"
          isRequired
        />
      </Form>
      <div role="status">{checked && <Result checked={checked} />}</div>
    </div>
  )
}

function Result({ checked }: { checked: Checked }) {
  const { accepted, problem, entity_type: kind, entity_name: name } = checked
  const facts: [string, preact.ComponentChild][] = [
    [words().standsFor, name === undefined ? undefined : `${words().kinds[kind ?? ''] ?? ''} ${name}`],
    [words().rule, checked.rule && <code>{checked.rule}</code>],
    [words().subject, checked.subject],
    [words().issuer, checked.issuer],
    [words().serial, <code key="serial">{checked.serial_number}</code>],
    [words().validFrom, <TimeAgo key="from" at={checked.valid_from} />],
    [words().validTo, <TimeAgo key="to" at={checked.valid_to} />],
    [words().names, namesOf(checked)],
  ]
  return (
    <>
      <p class={`note ${accepted ? 'good' : 'bad'}`}>
        <Icon name={accepted ? 'check' : 'alert'} />{' '}
        {accepted ? words().accepted : `${words().refused} ${problem ?? ''}`}
      </p>
      <dl class="facts">
        {facts.map(([label, value]) =>
          value === undefined || value === '' ? null : (
            <>
              <dt>{label}</dt>
              <dd class="wrap-text">{value}</dd>
            </>
          ),
        )}
      </dl>
    </>
  )
}

/** `cn: ann, email: ann@example.com`. */
const namesOf = ({ names }: Checked): string =>
  Object.entries(names)
    .flatMap(([field, values]) => values.map((value) => `${field}: ${value}`))
    .join(', ')

import { useId } from 'preact/hooks'
import { Button } from '../../ui/button.tsx'
import { Select } from '../../ui/select.tsx'
import type { Target } from './side.ts'
import { words } from './words.ts'

/** A target while it is edited. `key` tells drafts apart; `was` is the one that it changes. */
export type TargetDraft = {
  key: number
  was: Target | undefined
  type: string
  address: string
  format: string
  secret: string
  auth: string
  template: string
  isInsecure: boolean
}

let keys = 0

export const draftOf = (was: Target | undefined): TargetDraft => ({
  key: keys++,
  was,
  type: was?.type ?? 'http',
  address: was?.address ?? '',
  format: was?.payload_format ?? 'Default',
  secret: was?.secret ?? '',
  auth: was?.auth_header ?? '',
  template: was?.template ?? '{\n  "text": "{{type}}: {{resource_url}}"\n}',
  isInsecure: was?.skip_cert_verify ?? false,
})

/** The target as the API takes it. Secrets that are shown as ****** stay. */
export const targetOf = ({ was, type, address, format, secret, auth, template, isInsecure }: TargetDraft) => ({
  ...(was ? { id: was.id, headers: was.headers } : {}),
  type,
  address: address.trim(),
  skip_cert_verify: isInsecure,
  ...(type === 'http' ? { payload_format: format } : {}),
  ...(type === 'generic' ? { template } : {}),
  secret,
  auth_header: auth,
})

const types = ['http', 'slack', 'teams', 'generic']
const formats = ['Default', 'CloudEvents']

type FieldsProps = {
  number: number
  draft: TargetDraft
  onChange(part: Partial<TargetDraft>): void
  onDrop: (() => void) | undefined
}

/** Where deliveries go, in which form, and how the receiver knows them. */
export function TargetFields({ number, draft, onChange, onDrop }: FieldsProps) {
  const id = useId()
  const { type } = draft
  return (
    <fieldset class="target-fields">
      <legend>{words().target(number)}</legend>
      <KindFields id={id} draft={draft} onChange={onChange} />
      <Text
        id={`${id}-address`}
        label={words().address}
        hint={words().addressHint}
        draft={draft}
        name="address"
        onChange={onChange}
      />
      <div class="two-fields">
        <div class="field">
          <Text
            id={`${id}-secret`}
            label={words().secret}
            hint={words().secretHint}
            draft={draft}
            name="secret"
            onChange={onChange}
          />
          <div>
            <Button class="small" icon="key" onClick={() => onChange({ secret: makeSecret() })}>
              {words().makeSecret}
            </Button>
          </div>
        </div>
        <Text
          id={`${id}-auth`}
          label={words().auth}
          hint={words().authHint}
          draft={draft}
          name="auth"
          onChange={onChange}
        />
      </div>
      {type === 'generic' && <TemplateField id={id} draft={draft} onChange={onChange} />}
      <InsecureField id={id} draft={draft} onChange={onChange} />
      {onDrop && (
        <Button class="small" icon="trash" onClick={onDrop}>
          {words().dropTarget(number)}
        </Button>
      )}
    </fieldset>
  )
}

type PartProps = Pick<FieldsProps, 'draft' | 'onChange'> & { id: string }

/** The kind of target, and the form of what it gets. */
function KindFields({ id, draft: { type, format }, onChange }: PartProps) {
  return (
    <div class="two-fields">
      <div class="field">
        <label for={`${id}-type`}>{words().type}</label>
        <Select
          id={`${id}-type`}
          value={type}
          options={types.map((one) => ({ value: one, label: words().types[one] ?? one }))}
          onPick={(one) => onChange({ type: one })}
        />
      </div>
      {type === 'http' && (
        <div class="field">
          <label for={`${id}-format`}>{words().format}</label>
          <Select
            id={`${id}-format`}
            value={format}
            options={formats.map((one) => ({ value: one, label: one }))}
            onPick={(one) => onChange({ format: one })}
          />
        </div>
      )}
    </div>
  )
}

function TemplateField({ id, draft, onChange }: PartProps) {
  return (
    <div class="field">
      <label for={`${id}-template`}>{words().template}</label>
      <textarea
        id={`${id}-template`}
        rows={5}
        class="mono"
        spellcheck={false}
        aria-describedby={`${id}-template-hint`}
        value={draft.template}
        onInput={(event) => onChange({ template: event.currentTarget.value })}
      />
      <p id={`${id}-template-hint`} class="hint">
        {words().templateHint}
      </p>
    </div>
  )
}

function InsecureField({ id, draft, onChange }: PartProps) {
  return (
    <div class="field check">
      <input
        id={`${id}-insecure`}
        type="checkbox"
        checked={draft.isInsecure}
        aria-describedby={`${id}-insecure-hint`}
        onChange={(event) => onChange({ isInsecure: event.currentTarget.checked })}
      />
      <label for={`${id}-insecure`}>{words().insecure}</label>
      <p id={`${id}-insecure-hint`} class="hint">
        {words().insecureHint}
      </p>
    </div>
  )
}

type TextProps = {
  id: string
  label: string
  hint: string
  draft: TargetDraft
  name: 'address' | 'secret' | 'auth'
  onChange(part: Partial<TargetDraft>): void
}

function Text({ id, label, hint, draft, name, onChange }: TextProps) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        spellcheck={false}
        autocomplete="off"
        aria-describedby={`${id}-hint`}
        value={draft[name]}
        onInput={(event) => onChange({ [name]: event.currentTarget.value })}
      />
      <p id={`${id}-hint`} class="hint">
        {hint}
      </p>
    </div>
  )
}

/** 192 random bits. */
function makeSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24))
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
}

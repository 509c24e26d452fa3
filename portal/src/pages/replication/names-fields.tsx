import { SelectField } from '../../ui/choices.tsx'
import { CheckField, TextField, type FieldErrors, type Values } from '../../ui/form.tsx'
import type { Policy } from './policy.tsx'
import { words } from './words.ts'

type PartProps = { policy: Policy | undefined }

/** What copies are called at the target: below a namespace, or by a template of one's own. */
export function NamesFields({ policy }: PartProps) {
  const hasTemplate = (policy?.dest_template ?? '') !== ''
  return (
    <>
      <div class="side-fields">
        <TextField
          name="namespace"
          label={words().namespace}
          hint={words().namespaceHint}
          value={policy?.dest_namespace ?? ''}
        />
        <SelectField
          name="replace"
          label={words().replace}
          value={String(policy?.dest_namespace_replace_count ?? -1)}
          options={['-1', '0', '1', '2', '3'].map((value) => ({ value, label: words().replaceChoices[value]! }))}
        />
      </div>
      <details open={hasTemplate}>
        <summary>{words().ownNames}</summary>
        <div class="form below">
          <TextField
            name="template"
            label={words().template}
            hint={words().templateHint}
            placeholder="mirror/{{project}}/{{path}}"
            value={policy?.dest_template ?? ''}
          />
          <TextField
            name="pattern"
            label={words().pattern}
            hint={words().patternHint}
            placeholder="team-([a-z]+)/(.+)"
            value={policy?.dest_pattern ?? ''}
          />
        </div>
      </details>
    </>
  )
}

/** Which platforms of an index are copied. */
export function PlatformFields({ policy }: PartProps) {
  return (
    <>
      <TextField
        name="platforms"
        label={words().platforms}
        hint={words().platformsHint}
        placeholder="linux/amd64, linux/arm64"
        value={(policy?.platforms ?? []).join(', ')}
      />
      <CheckField
        name="rewrite"
        label={words().rewrite}
        hint={words().rewriteHint}
        isOn={policy?.rewrite_index ?? false}
      />
    </>
  )
}

/** The names with commas between. */
export const listIn = (text = ''): string[] =>
  text
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean)

/** The field that the server's message is about: it begins with the name that the API has for it. */
export function fieldOfNames(message: string): string | undefined {
  const fields = { dest_template: 'template', dest_pattern: 'pattern', platforms: 'platforms' }
  return Object.entries(fields).find(([name]) => message.startsWith(name))?.[1]
}

/** What is wrong with these fields before they are sent. */
export function checkNames({ template = '', pattern = '', platforms }: Values): FieldErrors {
  const isOdd = listIn(platforms).some((one) => !/^[^/\s]+(\/[^/\s]+){1,2}$/.test(one))
  return {
    ...(pattern.trim() !== '' && template.trim() === '' ? { template: words().templateMissing } : {}),
    ...(isOdd ? { platforms: words().platformsBad } : {}),
  }
}

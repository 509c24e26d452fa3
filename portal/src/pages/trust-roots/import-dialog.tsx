import { useState } from 'preact/hooks'
import { putTrustRoot } from '../../../../api/signatures.ts'
import { send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { Field, TextField, type FieldErrors } from '../../ui/form.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

/** Imports a trusted root from a file, under a new name or in the place of the one with this name. */
export function ImportDialog({ name, onClose }: { name?: string; onClose(): void }) {
  const [file, setFile] = useState<File | undefined>(undefined)
  const [problem, setProblem] = useState<string | undefined>(undefined)
  const check = (): FieldErrors => ({ file: file ? problem : words().fileMissing })
  return (
    <FormDialog
      title={name === undefined ? words().add : words().againTitle(name)}
      action={words().add}
      onClose={onClose}
      check={check}
      submit={async (values) => {
        const to = name ?? values['root']!.trim()
        const body = JSON.parse(await file!.text()) as Record<string, unknown>
        await send(putTrustRoot, { params: { trust_root_name: to }, body })
        forget('/system/trust-roots')
        toast(words().saved(to))
      }}
    >
      {name === undefined && (
        <TextField name="root" label={words().name} value="sigstore" isRequired autofocus maxLength={64} />
      )}
      <Field name="file" label={words().file} hint={words().fileHint} isRequired>
        {(tie) => (
          <input
            {...tie}
            type="file"
            accept=".json,application/json"
            onChange={(event) => {
              const chosen = event.currentTarget.files?.[0]
              setFile(chosen)
              void chosen?.text().then((text) => setProblem(isObject(text) ? undefined : words().fileBad))
            }}
          />
        )}
      </Field>
    </FormDialog>
  )
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

import { useState } from 'preact/hooks'
import { createLabel, updateLabel } from '../../../../api/labels.ts'
import { common } from '../../i18n/common.ts'
import { ApiError, send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { Field, TextField } from '../../ui/form.tsx'
import { LabelChip } from '../../ui/label-chip.tsx'
import { toast } from '../../ui/toasts.tsx'
import type { Label } from './label.ts'
import { words } from './words.ts'

/** Colours to begin with; any other can be chosen, too. */
const palette = ['#0b7285', '#2f7d4f', '#b35c00', '#b3261e', '#5b4bb5', '#b03a6b', '#2456a6', '#5c6b73']

type EditProps = { projectId: number | undefined; label?: Label; onClose(): void }

/** Name, colour and description of a new label, or of one that is there. */
export function EditLabel({ projectId, label, onClose }: EditProps) {
  const first = label && /^#[0-9a-f]{6}$/i.test(label.color) ? label.color : palette[0]!
  const [color, setColor] = useState(first)
  const [name, setName] = useState(label?.name ?? '')
  const save = async ({ description = '' }: Readonly<Record<string, string>>) => {
    const text = { name: name.trim(), description, color }
    if (label) await send(updateLabel, { params: { label_id: label.id }, body: text })
    else await send(createLabel, { body: { ...text, ...scopeOf(projectId) } })
    forget('/labels')
    toast(label ? words().saved(text.name) : words().made(text.name))
  }
  return (
    <FormDialog
      title={label ? words().editTitle(label.name) : words().add}
      action={label ? common().save : common().create}
      onClose={onClose}
      check={() => (name.trim() === '' ? { name: words().nameBad } : {})}
      submit={(values) => save(values).catch((error: unknown) => Promise.reject(explain(error, name.trim())))}
      fieldOf={({ status }) => (status === 409 || status === 400 ? 'name' : undefined)}
    >
      <Field name="name" label={words().name} isRequired>
        {(tie) => (
          <input
            {...tie}
            autofocus
            maxLength={128}
            spellcheck={false}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        )}
      </Field>
      <TextField name="description" label={words().description} value={label?.description ?? ''} maxLength={255} />
      <Field name="color" label={words().color}>
        {(tie) => <ColorInput tie={tie} value={color} onPick={setColor} />}
      </Field>
      <p>
        <LabelChip name={name.trim() === '' ? words().name : name.trim()} color={color} />
      </p>
    </FormDialog>
  )
}

const scopeOf = (projectId: number | undefined) =>
  projectId === undefined ? { scope: 'g' } : { scope: 'p', project_id: projectId }

const explain = (error: unknown, name: string): unknown =>
  error instanceof ApiError && error.status === 409
    ? new ApiError(409, error.code, words().nameTaken(name), error.requestId)
    : error

type ColorProps = { tie: { id: string; name: string }; value: string; onPick(color: string): void }

function ColorInput({ tie, value, onPick }: ColorProps) {
  return (
    <span class="row">
      {palette.map((one) => (
        <button
          key={one}
          type="button"
          class="swatch-button"
          aria-label={one}
          aria-pressed={one === value}
          style={{ backgroundColor: one }}
          onClick={() => onPick(one)}
        />
      ))}
      <input
        id={tie.id}
        name={tie.name}
        type="color"
        title={words().custom}
        value={value}
        onInput={(event) => onPick(event.currentTarget.value)}
      />
    </span>
  )
}

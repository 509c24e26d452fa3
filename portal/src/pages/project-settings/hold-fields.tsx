import { SelectField } from '../../ui/choices.tsx'
import { CheckField, TextField, type FieldErrors, type Values } from '../../ui/form.tsx'
import type { Project } from '../../ui/project-frame.tsx'
import { words } from './words.ts'

const most = 30 * 86_400

/** Whether new images are held until they were scanned, for how long at most, and what happens then. */
export function HoldFields({ metadata }: { metadata: Project['metadata'] }) {
  return (
    <>
      <h3>{words().newImages}</h3>
      <CheckField
        name="hold_until_scanned"
        label={words().hold}
        hint={words().holdHint}
        isOn={metadata.hold_until_scanned === 'true'}
      />
      <TextField
        name="hold_seconds"
        type="number"
        label={words().holdSeconds}
        value={metadata.hold_seconds ?? '600'}
        min={1}
        max={most}
      />
      <SelectField
        name="hold_then"
        label={words().holdThen}
        value={metadata.hold_then === 'pass' ? 'pass' : 'refuse'}
        options={(['refuse', 'pass'] as const).map((value) => ({ value, label: words().thens[value] }))}
      />
    </>
  )
}

export function holdProblems({ hold_seconds: text = '' }: Values): FieldErrors {
  const seconds = Number(text)
  const isGood = Number.isInteger(seconds) && seconds >= 1 && seconds <= most
  return isGood ? {} : { hold_seconds: words().holdSecondsBad }
}

export const holdIn = ({ hold_until_scanned: hold, hold_seconds = '600', hold_then = 'refuse' }: Values) => ({
  hold_until_scanned: String(hold === 'on'),
  hold_seconds,
  hold_then,
})

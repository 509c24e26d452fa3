import { findPeople, type Picked } from '../../lib/people.ts'
import { Combobox } from '../../ui/combobox.tsx'
import { Field } from '../../ui/form.tsx'
import { words } from './words.ts'

/** The field `who`: an account or a group, found by a part of its name. */
export function PersonField({ onPick }: { onPick(picked: Picked): void }) {
  return (
    <Field name="who" label={words().whoLabel} hint={words().whoHint} isRequired>
      {(tie) => <Combobox tie={tie} name="who" label={words().whoLabel} find={findPeople} onPick={onPick} autofocus />}
    </Field>
  )
}

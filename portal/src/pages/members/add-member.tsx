import { useState } from 'preact/hooks'
import { createProjectMember } from '../../../../api/members.ts'
import { roleIds, roleOf } from '../../i18n/roles.ts'
import { ApiError, send } from '../../lib/api.ts'
import { findPeople, holderOf, type Picked } from '../../lib/people.ts'
import { RadioCards } from '../../ui/choices.tsx'
import { Combobox } from '../../ui/combobox.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { Field, type Values } from '../../ui/form.tsx'
import { toast } from '../../ui/toasts.tsx'
import { forgetMembers } from './member.ts'
import { words } from './words.ts'

/** Finds an account or a group, and gives it a role. */
export function AddMember({ project, onClose }: { project: string; onClose(): void }) {
  const [picked, setPicked] = useState<Picked | undefined>(undefined)
  const [role, setRole] = useState('2')
  return (
    <FormDialog
      title={words().addTitle}
      action={words().add}
      onClose={onClose}
      check={({ who = '' }: Values) => (who.trim() === '' ? { who: words().whoBad } : {})}
      submit={async ({ who = '' }) => {
        await add(project, who.trim(), picked, Number(role))
        forgetMembers(project)
        toast(words().added(who.trim(), roleOf(Number(role)).name))
      }}
      fieldOf={({ status }) => (status === 404 || status === 409 || status === 400 ? 'who' : undefined)}
    >
      <Field name="who" label={words().who} hint={words().whoHint} isRequired>
        {(tie) => <Combobox tie={tie} name="who" label={words().who} find={findPeople} onPick={setPicked} autofocus />}
      </Field>
      <RadioCards
        name="role"
        label={words().role}
        hint={words().roleHint}
        value={role}
        onPick={setRole}
        options={roleIds.map((id) => ({ value: String(id), label: roleOf(id).name, hint: roleOf(id).may }))}
      />
    </FormDialog>
  )
}

async function add(project: string, who: string, picked: Picked | undefined, role: number): Promise<void> {
  const body = { role_id: role, ...holderOf(who, picked) }
  try {
    await send(createProjectMember, { params: { project_name_or_id: project }, body })
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const { status, code, requestId } = error
    if (status === 404) throw new ApiError(404, code, words().noAccount(who), requestId)
    if (status === 409) throw new ApiError(409, code, words().isMember(who), requestId)
    throw error
  }
}

import { useState } from 'preact/hooks'
import { createProjectMember } from '../../../../api/members.ts'
import { searchUserGroups } from '../../../../api/user-groups.ts'
import { searchUsers } from '../../../../api/users.ts'
import { roleIds, roleOf } from '../../i18n/roles.ts'
import { ApiError, send } from '../../lib/api.ts'
import { RadioCards } from '../../ui/choices.tsx'
import { Combobox, type Option } from '../../ui/combobox.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { Field, type Values } from '../../ui/form.tsx'
import { toast } from '../../ui/toasts.tsx'
import { forgetMembers } from './member.ts'
import { words } from './words.ts'

/** Finds an account or a group, and gives it a role. */
export function AddMember({ project, onClose }: { project: string; onClose(): void }) {
  const [picked, setPicked] = useState<Option | undefined>(undefined)
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
        {(tie) => <Combobox tie={tie} name="who" label={words().who} find={find} onPick={setPicked} autofocus />}
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

/** Accounts and groups by a part of their name. Values are `u:name` and `g:id`. */
async function find(text: string, signal: AbortSignal): Promise<Option[]> {
  if (text.trim() === '') return []
  const query = { page_size: 8 }
  const [users, groups] = await Promise.all([
    send(searchUsers, { query: { ...query, username: text.trim() } }, { signal }),
    send(searchUserGroups, { query: { ...query, groupname: text.trim() } }, { signal }),
  ])
  return [
    ...users.body.map(({ username }) => ({ value: `u:${username}`, label: username, hint: words().person })),
    ...groups.body.map((one) => ({ value: `g:${one.id}`, label: one.group_name, hint: words().group })),
  ]
}

async function add(project: string, who: string, picked: Option | undefined, role: number): Promise<void> {
  const isGroup = picked?.label === who && picked.value.startsWith('g:')
  const entity = isGroup ? { member_group: { id: Number(picked.value.slice(2)) } } : { member_user: { username: who } }
  const body = { role_id: role, ...entity }
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

import { useState } from 'preact/hooks'
import { updateProjectMember } from '../../../../api/members.ts'
import { common } from '../../i18n/common.ts'
import { roleIds, roleOf } from '../../i18n/roles.ts'
import { send } from '../../lib/api.ts'
import { RadioCards } from '../../ui/choices.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { toast } from '../../ui/toasts.tsx'
import { forgetMembers, type Member } from './member.ts'
import { words } from './words.ts'

/** Another role for a member. */
export function ChangeRole({ project, member, onClose }: { project: string; member: Member; onClose(): void }) {
  const [role, setRole] = useState(String(member.role_id))
  const set = async (id: number) => {
    const params = { project_name_or_id: project, mid: member.id }
    await send(updateProjectMember, { params, body: { role_id: id } })
    forgetMembers(project)
  }
  return (
    <FormDialog
      title={words().changeTitle(member.entity_name)}
      action={common().save}
      onClose={onClose}
      submit={async () => {
        await set(Number(role))
        const undo = () => void set(member.role_id)
        toast(words().added(member.entity_name, roleOf(Number(role)).name), { undo })
      }}
    >
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

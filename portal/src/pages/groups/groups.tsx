import type { AnswerOf } from '../../../../api/operation.ts'
import { deleteUserGroup, listUserGroups, updateUserGroup } from '../../../../api/user-groups.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { Badge } from '../../ui/badge.tsx'
import { textColumn } from '../../ui/columns.tsx'
import { DeleteDialog } from '../../ui/delete-dialog.tsx'
import { TextField } from '../../ui/form.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import type { Column } from '../../ui/grid.tsx'
import { ListPage, type OpenDialog } from '../../ui/list-page.tsx'
import { deleteItem } from '../../ui/menu-items.ts'
import type { MenuItem } from '../../ui/menu.tsx'
import { toast } from '../../ui/toasts.tsx'
import { NewGroup } from './new-group.tsx'
import { words } from './words.ts'

type Group = AnswerOf<typeof listUserGroups>[number]
/** The groups whose members get roles in projects. */
export default function Groups() {
  return (
    <ListPage
      title={words().title}
      about={words().about}
      create={{
        label: words().create,
        may: canInSystem('user-group', 'create'),
        dialog: (onClose) => <NewGroup onClose={onClose} />,
      }}
      operation={listUserGroups}
      columns={columnsOf}
      keyOf={(one) => one.id}
      nameOf={(one) => one.group_name}
      filter={{ label: words().filter, toQuery: (name) => ({ group_name: name }) }}
      rowActions={actionsOf}
      none={{ icon: 'users', title: words().none, hint: words().noneHint }}
    />
  )
}

function RenameGroup({ group, onClose }: { group: Group; onClose(): void }) {
  return (
    <FormDialog
      title={words().renameTitle(group.group_name)}
      action={common().save}
      onClose={onClose}
      fieldOf={({ status }) => (status === 409 || status === 400 ? 'name' : undefined)}
      submit={async ({ name = '' }) => {
        await send(updateUserGroup, { params: { group_id: group.id }, body: { group_name: name.trim() } })
        forget('/usergroups')
        toast(words().saved(name))
      }}
    >
      <TextField name="name" label={words().name} value={group.group_name} maxLength={255} isRequired autofocus />
    </FormDialog>
  )
}

function DeleteGroup({ group: { id, group_name: name }, onClose }: { group: Group; onClose(): void }) {
  return (
    <DeleteDialog
      title={words().deleteTitle(name)}
      hint={words().deleteHint}
      run={() => send(deleteUserGroup, { params: { group_id: id } })}
      forgets={['/usergroups']}
      gone={words().gone(name)}
      onClose={onClose}
    />
  )
}

function actionsOf(group: Group, open: OpenDialog): MenuItem[] {
  const mayNot = (action: string) => (canInSystem('user-group', action) ? undefined : words().mayNot)
  return [
    {
      label: words().rename,
      icon: 'edit',
      disabledBecause: mayNot('update'),
      run: () => open((onClose) => <RenameGroup group={group} onClose={onClose} />),
    },
    deleteItem(() => open((onClose) => <DeleteGroup group={group} onClose={onClose} />), mayNot('delete')),
  ]
}

function columnsOf(): Column<Group>[] {
  return [
    { name: 'name', title: words().name, cell: ({ group_name: name }) => <span class="name">{name}</span> },
    {
      name: 'kind',
      title: words().kind,
      cell: ({ group_type: kind }) => <Badge>{words().kinds[kind] ?? kind}</Badge>,
    },
    textColumn('dn', words().dn, (one) => one.ldap_group_dn, { hideBelow: 'small' }),
  ]
}

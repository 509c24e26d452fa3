import { useState } from 'preact/hooks'
import type { AnswerOf } from '../../../../api/operation.ts'
import { deleteUserGroup, listUserGroups, updateUserGroup } from '../../../../api/user-groups.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { TextField } from '../../ui/form.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { PageHeader } from '../../ui/header.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { toast } from '../../ui/toasts.tsx'
import { NewGroup } from './new-group.tsx'
import { words } from './words.ts'

type Group = AnswerOf<typeof listUserGroups>[number]
type Asked = { what: 'rename' | 'delete'; group: Group } | { what: 'add' } | undefined

/** The groups whose members get roles in projects. */
export default function Groups() {
  const [asked, setAsked] = useState<Asked>(undefined)
  const close = () => setAsked(undefined)
  const add = canInSystem('user-group', 'create') && (
    <Button tone="main" icon="add" onClick={() => setAsked({ what: 'add' })}>
      {words().create}
    </Button>
  )
  return (
    <>
      <PageHeader title={words().title} about={words().about} actions={add} />
      <DataGrid
        label={words().title}
        operation={listUserGroups}
        columns={columnsOf()}
        keyOf={(one) => one.id}
        nameOf={(one) => one.group_name}
        filter={{ label: words().filter, toQuery: (name) => ({ group_name: name }) }}
        rowActions={(group) => actionsOf(group, setAsked)}
        empty={
          <EmptyState icon="users" title={words().none} action={add}>
            {words().noneHint}
          </EmptyState>
        }
      />
      {asked?.what === 'add' && <NewGroup onClose={close} />}
      {asked?.what === 'rename' && <RenameGroup group={asked.group} onClose={close} />}
      {asked?.what === 'delete' && <DeleteGroup group={asked.group} onClose={close} />}
    </>
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
    <Confirm
      title={words().deleteTitle(name)}
      action={words().delete}
      onClose={onClose}
      run={async () => {
        await send(deleteUserGroup, { params: { group_id: id } })
        forget('/usergroups')
        toast(words().gone(name))
      }}
    >
      <p>{words().deleteHint}</p>
    </Confirm>
  )
}

function actionsOf(group: Group, ask: (asked: Asked) => void): MenuItem[] {
  const mayNot = (action: string) => (canInSystem('user-group', action) ? undefined : words().mayNot)
  return [
    {
      label: words().rename,
      icon: 'edit',
      disabledBecause: mayNot('update'),
      run: () => ask({ what: 'rename', group }),
    },
    {
      label: words().delete,
      icon: 'trash',
      isDanger: true,
      disabledBecause: mayNot('delete'),
      run: () => ask({ what: 'delete', group }),
    },
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
    {
      name: 'dn',
      title: words().dn,
      hideBelow: 'small',
      cell: ({ ldap_group_dn: dn }) => <span class="wrap-text">{dn || '–'}</span>,
    },
  ]
}

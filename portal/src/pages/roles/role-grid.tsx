import { useState } from 'preact/hooks'
import { deleteRole, listProjectRoles, listRoles } from '../../../../api/roles.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { showCount } from '../../lib/show.ts'
import { Badge } from '../../ui/badge.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { toast } from '../../ui/toasts.tsx'
import { EditRole } from './edit-role.tsx'
import { forgetRoles, mayOf, nameOf, type Role } from './role.ts'
import { words } from './words.ts'

type Asked = { what: 'edit' | 'delete'; role: Role } | undefined

type GridProps = {
  /** The roles that can be given in this project; without it those for every project. */
  project?: string
  mayChange: boolean
}

/** Harbor's five roles and those of one's own. */
export function RoleGrid({ project, mayChange }: GridProps) {
  const [asked, setAsked] = useState<Asked>(undefined)
  const close = () => setAsked(undefined)
  const shared = {
    label: words().roles,
    columns: columnsOf(),
    keyOf: ({ id }: Role) => id,
    nameOf,
    rowActions: (role: Role) => actionsOf(role, { project, mayChange }, setAsked),
    empty: <p class="quiet-text">{words().noRoles}</p>,
  }
  return (
    <>
      {project === undefined ? (
        <DataGrid {...shared} operation={listRoles} />
      ) : (
        <DataGrid {...shared} operation={listProjectRoles} call={{ params: { project_name_or_id: project } }} />
      )}
      {asked?.what === 'edit' && <EditRole role={asked.role} onClose={close} />}
      {asked?.what === 'delete' && <DeleteRole role={asked.role} onClose={close} />}
    </>
  )
}

function columnsOf(): Column<Role>[] {
  return [
    {
      name: 'name',
      title: words().role,
      cell: (role) => (
        <div>
          <span class="row">
            <strong class="name">{nameOf(role)}</strong>
            {role.built_in && <Badge>{words().builtIn}</Badge>}
            {role.project_id !== undefined && <Badge tone="info">{words().ofProject}</Badge>}
          </span>
          {!role.built_in && role.description !== '' && <p class="quiet-text wrap-text">{role.description}</p>}
        </div>
      ),
    },
    {
      name: 'may',
      title: words().may,
      hideBelow: 'small',
      cell: (role) => <span class="rights-text">{mayOf(role)}</span>,
    },
    { name: 'bindings', title: words().held, isNumber: true, cell: ({ bindings }) => showCount(bindings) },
  ]
}

function actionsOf(role: Role, { project, mayChange }: GridProps, ask: (asked: Asked) => void): MenuItem[] {
  const isElsewhere = project !== undefined && role.project_id === undefined
  const why = role.built_in
    ? words().builtInStays
    : !mayChange
      ? words().mayNot
      : isElsewhere
        ? words().ofSystem
        : undefined
  return [
    { label: words().edit, icon: 'edit', disabledBecause: why, run: () => ask({ what: 'edit', role }) },
    {
      label: common().delete,
      icon: 'trash',
      isDanger: true,
      disabledBecause: why ?? (role.bindings > 0 ? words().isHeld(role.bindings) : undefined),
      run: () => ask({ what: 'delete', role }),
    },
  ]
}

function DeleteRole({ role, onClose }: { role: Role; onClose(): void }) {
  return (
    <Confirm
      title={words().deleteTitle(role.name)}
      action={common().delete}
      onClose={onClose}
      run={async () => {
        await send(deleteRole, { params: { role_id: role.id } })
        forgetRoles()
        toast(words().gone(role.name))
      }}
    >
      <p>{words().deleteHint}</p>
    </Confirm>
  )
}

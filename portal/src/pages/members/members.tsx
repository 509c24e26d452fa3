import { useState } from 'preact/hooks'
import { deleteProjectMember, listProjectMembers } from '../../../../api/members.ts'
import { roleOf } from '../../i18n/roles.ts'
import { send } from '../../lib/api.ts'
import type { PageProps } from '../../lib/page.ts'
import type { Can } from '../../lib/rights.ts'
import { user } from '../../lib/session.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import type { BulkAction } from '../../ui/grid-bulk.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { Icon } from '../../ui/icon.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { ProjectFrame } from '../../ui/project-frame.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { AddMember } from './add-member.tsx'
import { ChangeRole } from './change-role.tsx'
import { forgetMembers, type Member } from './member.ts'
import { words } from './words.ts'

type Open = { what: 'add' } | { what: 'change' | 'remove'; member: Member } | undefined

/** People and groups of a project with their roles. */
export default function Members({ params: { project } }: PageProps<'project'>) {
  const [open, setOpen] = useState<Open>(undefined)
  const close = () => setOpen(undefined)
  const add = (can: Can) =>
    can('member', 'create') && (
      <Button tone="main" icon="add" onClick={() => setOpen({ what: 'add' })}>
        {words().add}
      </Button>
    )
  return (
    <ProjectFrame name={project} tab="members" actions={({ can }) => add(can)}>
      {({ can }) => (
        <>
          <p class="tab-about">{words().about}</p>
          <DataGrid
            label={words().title}
            operation={listProjectMembers}
            call={{ params: { project_name_or_id: project } }}
            columns={columnsOf()}
            keyOf={(member) => member.id}
            nameOf={(member) => member.entity_name}
            filter={{ label: words().filter, toQuery: (entityname) => ({ entityname }) }}
            {...(can('member', 'update') ? actionsOf(project, setOpen) : {})}
            empty={
              <EmptyState icon="users" title={words().emptyTitle} action={add(can)}>
                {words().emptyHint}
              </EmptyState>
            }
          />
          {open?.what === 'add' && <AddMember project={project} onClose={close} />}
          {open?.what === 'change' && <ChangeRole project={project} member={open.member} onClose={close} />}
          {open?.what === 'remove' && <Remove project={project} member={open.member} onClose={close} />}
        </>
      )}
    </ProjectFrame>
  )
}

const remove = (project: string, { id }: Member) =>
  send(deleteProjectMember, { params: { project_name_or_id: project, mid: id } })

function actionsOf(project: string, ask: (open: Open) => void) {
  return {
    rowActions: (member: Member): MenuItem[] => [
      { label: words().change, icon: 'edit', run: () => ask({ what: 'change', member }) },
      { label: words().remove, icon: 'trash', isDanger: true, run: () => ask({ what: 'remove', member }) },
    ],
    bulk: [
      {
        label: words().remove,
        icon: 'trash',
        isDanger: true,
        ask: (rows) => words().removeMany(rows.length),
        run: async (member) => void (await remove(project, member)),
        onDone: () => forgetMembers(project),
      },
    ] satisfies BulkAction<Member>[],
  }
}

function columnsOf(): Column<Member>[] {
  return [
    {
      name: 'name',
      title: words().name,
      cell: (member) => (
        <span class="with-icon">
          <Icon name={member.entity_type === 'u' ? 'user' : 'users'} />
          <strong class="name">{member.entity_name}</strong>
          {isSelf(member) && <Badge>{words().you}</Badge>}
        </span>
      ),
    },
    {
      name: 'kind',
      title: words().kind,
      hideBelow: 'small',
      cell: ({ entity_type: type }) => (type === 'u' ? words().person : words().group),
    },
    { name: 'role', title: words().role, cell: ({ role_id: id }) => roleOf(id).name },
    {
      name: 'may',
      title: words().may,
      hideBelow: 'medium',
      cell: ({ role_id: id }) => <span class="quiet-text">{roleOf(id).may}</span>,
    },
    {
      name: 'since',
      title: words().since,
      hideBelow: 'medium',
      cell: ({ creation_time: at, added_by: by }) => (
        <>
          <TimeAgo at={at} /> {by !== undefined && <span class="quiet-text">{words().by(by)}</span>}
        </>
      ),
    },
  ]
}

const isSelf = ({ entity_type: type, entity_id: id }: Member) => type === 'u' && id === user.value?.user_id

function Remove({ project, member, onClose }: { project: string; member: Member; onClose(): void }) {
  return (
    <Confirm
      title={words().removeTitle(member.entity_name)}
      action={words().remove}
      onClose={onClose}
      run={async () => {
        await remove(project, member)
        forgetMembers(project)
        toast(words().removed(member.entity_name))
      }}
    >
      <p>{words().removeHint(roleOf(member.role_id).name)}</p>
      {isSelf(member) && <p class="note warn">{words().removeSelf}</p>}
    </Confirm>
  )
}

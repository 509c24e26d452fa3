import { listPreheatPolicies } from '../../../../api/preheat.ts'
import type { PageProps } from '../../lib/page.ts'
import { likeQ } from '../../lib/q.ts'
import type { Can } from '../../lib/rights.ts'
import { user } from '../../lib/session.ts'
import { attempt } from '../../ui/attempt.ts'
import { Badge } from '../../ui/badge.tsx'
import { CodeView } from '../../ui/code.tsx'
import { textColumn, timeColumn } from '../../ui/columns.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { Link } from '../../ui/link.tsx'
import { CreateButton, useDialog, type OpenDialog } from '../../ui/list-page.tsx'
import { deleteItem, editItem } from '../../ui/menu-items.ts'
import type { MenuItem } from '../../ui/menu.tsx'
import { ProjectFrame } from '../../ui/project-frame.tsx'
import { DeletePolicy } from './delete-policy.tsx'
import { PolicyEditor } from './policy-editor.tsx'
import { policyPlace, runPolicy, showFilters, showTrigger, switchPolicy, type Policy } from './policy.ts'
import { words } from './words.ts'

/** The preheat policies of a project. */
export default function Policies({ params: { project } }: PageProps<'project'>) {
  const { open, dialog } = useDialog()
  const add = (can: Can) => (
    <CreateButton
      label={words().newPolicy}
      may={can('preheat-policy', 'create')}
      dialog={(onClose) => <PolicyEditor project={project} onClose={onClose} />}
      open={open}
    />
  )
  return (
    <ProjectFrame name={project} tab="preheat" actions={({ can }) => add(can)}>
      {({ can }) => (
        <>
          <p class="tab-about">{words().about}</p>
          <DataGrid
            label={words().policies}
            operation={listPreheatPolicies}
            call={{ params: { project_name: project } }}
            columns={columnsOf(project)}
            keyOf={(one) => one.id ?? 0}
            nameOf={(one) => one.name ?? ''}
            linkTo={(one) => policyPlace(project, one.name ?? '')}
            filter={{ label: words().filter, toQuery: (text) => ({ q: likeQ('name', text) }) }}
            {...(can('preheat-policy', 'update')
              ? { rowActions: (policy: Policy) => actionsOf(project, policy, open) }
              : {})}
            empty={<NoPolicy project={project} add={add(can)} />}
          />
          {dialog}
        </>
      )}
    </ProjectFrame>
  )
}

function NoPolicy({ project, add }: { project: string; add: preact.ComponentChild }) {
  const login = `marina login ${location.host}${user.value ? ` --username ${user.value.username}` : ''}`
  const create = `marina preheat create ${project} warm --instance <service> --filter-tag 'v*' --trigger event`
  return (
    <EmptyState icon="download" title={words().none} action={add}>
      <p>{words().noneHint}</p>
      <p>{words().noneByCommand}</p>
      <CodeView label={words().noneByCommand} text={`${login}\n${create}`} />
    </EmptyState>
  )
}

function actionsOf(project: string, policy: Policy, open: OpenDialog): MenuItem[] {
  const isOn = policy.enabled === true
  return [
    {
      label: words().run,
      icon: 'play',
      disabledBecause: isOn ? undefined : words().isOff,
      run: () => attempt(() => runPolicy(project, policy.name ?? '')),
    },
    {
      label: isOn ? words().disable : words().enable,
      icon: isOn ? 'stop' : 'check',
      run: () => attempt(() => switchPolicy(project, policy, !isOn)),
    },
    editItem(() => open((onClose) => <PolicyEditor project={project} policy={policy} onClose={onClose} />)),
    deleteItem(() => open((onClose) => <DeletePolicy project={project} policy={policy} onClose={onClose} />)),
  ]
}

function columnsOf(project: string): Column<Policy>[] {
  return [
    {
      name: 'name',
      title: words().name,
      sort: 'name',
      cell: ({ name = '' }) => (
        <Link class="name" to={policyPlace(project, name)}>
          {name}
        </Link>
      ),
    },
    { name: 'service', title: words().service, hideBelow: 'small', cell: (one) => one.provider_name },
    textColumn('what', words().what, showFilters, { hideBelow: 'medium' }),
    { name: 'when', title: words().when, hideBelow: 'small', cell: showTrigger },
    {
      name: 'state',
      title: words().state,
      cell: ({ enabled }) => (enabled ? <Badge tone="good">{words().on}</Badge> : <Badge>{words().off}</Badge>),
    },
    timeColumn('changed', words().changed, (one) => one.update_time, { sort: 'update_time', hideBelow: 'medium' }),
  ]
}

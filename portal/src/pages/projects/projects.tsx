import { useState } from 'preact/hooks'
import type { AnswerOf } from '../../../../api/operation.ts'
import { deleteProject, listProjects } from '../../../../api/projects.ts'
import { send } from '../../lib/api.ts'
import { changeQuery, query } from '../../lib/location.ts'
import { forget } from '../../lib/query.ts'
import { fillPath } from '../../lib/routes.ts'
import { isAdministrator, registryHost, systemInfo, user } from '../../lib/session.ts'
import { showCount } from '../../lib/show.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { DeleteProject } from '../../ui/delete-project.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import type { BulkAction } from '../../ui/grid-bulk.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Link } from '../../ui/link.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { Select } from '../../ui/select.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { NewProject } from './new-project.tsx'
import { words } from './words.ts'

type Project = AnswerOf<typeof listProjects>[number]

const linkTo = ({ name }: Project) => fillPath('/p/:project', { project: name })

/** The projects that the caller may see; new ones, and the end of empty ones. */
export default function Projects() {
  const [isNew, setNew] = useState(false)
  const [doomed, setDoomed] = useState<Project | undefined>(undefined)
  const access = query.value.get('access') ?? ''
  const add = user.value && (
    <Button
      tone="main"
      icon="add"
      disabledBecause={mayCreate() ? undefined : words().notAllowed}
      onClick={() => setNew(true)}
    >
      {words().create}
    </Button>
  )
  return (
    <>
      <PageHeader title={words().title} about={words().about} actions={add} />
      <DataGrid
        label={words().title}
        operation={listProjects}
        call={{ query: { with_detail: true, ...(access === '' ? {} : { public: access === 'public' }) } }}
        columns={columnsOf()}
        keyOf={(project) => project.project_id}
        nameOf={(project) => project.name}
        linkTo={linkTo}
        filter={{ label: words().filter, toQuery: (name) => ({ name }) }}
        facets={<AccessFilter value={access} />}
        isFiltered={access !== ''}
        defaultSort="name"
        {...(user.value ? actionsOf(setDoomed) : {})}
        empty={<NoProject onNew={mayCreate() ? () => setNew(true) : undefined} />}
      />
      {isNew && <NewProject onClose={() => setNew(false)} />}
      {doomed && <DeleteProject name={doomed.name} onClose={() => setDoomed(undefined)} />}
    </>
  )
}

/** What signed-in callers may do with the rows; the server has the last word. */
function actionsOf(ask: (project: Project) => void) {
  const mayDelete = (project: Project) => isAdministrator.value || project.current_user_role_ids.includes(1)
  return {
    rowActions: (project: Project): MenuItem[] => [
      {
        label: words().delete,
        icon: 'trash',
        isDanger: true,
        disabledBecause: mayDelete(project) ? undefined : words().notYours,
        run: () => ask(project),
      },
    ],
    bulk: [
      {
        label: words().delete,
        icon: 'trash',
        isDanger: true,
        ask: (rows) => `${words().deleteMany(rows.length)} ${words().deleteManyHint}`,
        run: async ({ name }) => void (await send(deleteProject, { params: { project_name_or_id: name } })),
        onDone: () => forget('/projects'),
      },
    ] satisfies BulkAction<Project>[],
  }
}

function mayCreate(): boolean {
  const isForAll = systemInfo.value?.project_creation_restriction !== 'adminonly'
  return user.value !== undefined && (isForAll || isAdministrator.value)
}

function columnsOf(): Column<Project>[] {
  return [
    { name: 'name', title: words().name, sort: 'name', cell: (project) => <ProjectName project={project} /> },
    {
      name: 'access',
      title: words().access,
      hideBelow: 'small',
      cell: ({ metadata }) =>
        metadata.public === 'true' ? (
          <Badge icon="globe">{words().public}</Badge>
        ) : (
          <Badge icon="lock">{words().private}</Badge>
        ),
    },
    {
      name: 'role',
      title: words().role,
      hideBelow: 'medium',
      cell: ({ current_user_role_id: role = 0 }) => words().roles[role] ?? <span class="quiet-text">–</span>,
    },
    { name: 'owner', title: words().owner, hideBelow: 'medium', cell: ({ owner_name: owner }) => owner },
    {
      name: 'repositories',
      title: words().repositories,
      isNumber: true,
      cell: ({ repo_count: count }) => showCount(count),
    },
    {
      name: 'created',
      title: words().created,
      sort: 'creation_time',
      hideBelow: 'small',
      cell: ({ creation_time: at }) => <TimeAgo at={at} />,
    },
  ]
}

function ProjectName({ project }: { project: Project }) {
  return (
    <>
      <Link to={linkTo(project)} class="name">
        {project.name}
      </Link>{' '}
      {project.registry_id !== undefined && <Badge tone="info">{words().proxy}</Badge>}
    </>
  )
}

function AccessFilter({ value }: { value: string }) {
  return (
    <Select
      aria-label={words().access}
      value={value}
      options={[
        { value: '', label: words().anyAccess },
        { value: 'public', label: words().public },
        { value: 'private', label: words().private },
      ]}
      onPick={(access) => changeQuery({ access, page: undefined })}
    />
  )
}

function NoProject({ onNew }: { onNew: (() => void) | undefined }) {
  if (!user.value) {
    return (
      <EmptyState icon="boxes" title={words().emptyTitle}>
        {words().emptyVisitor}
      </EmptyState>
    )
  }
  const host = registryHost.value
  const action = onNew && (
    <Button tone="main" icon="add" onClick={onNew}>
      {words().create}
    </Button>
  )
  return (
    <EmptyState
      icon="boxes"
      title={words().emptyTitle}
      commands={`docker login ${host} --username ${user.value.username}\ndocker push ${host}/my-project/my-image:1.0`}
      action={action}
    >
      {words().emptyHint}
    </EmptyState>
  )
}

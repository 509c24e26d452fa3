import { useState } from 'preact/hooks'
import type { AnswerOf } from '../../../../api/operation.ts'
import { getProjectSummary } from '../../../../api/projects.ts'
import { deleteRepository, listRepositories } from '../../../../api/repositories.ts'
import { pushWords } from '../../i18n/push.ts'
import { send } from '../../lib/api.ts'
import { isOfProject, useLive } from '../../lib/live.ts'
import type { PageProps } from '../../lib/page.ts'
import { repositoryPlace, splitRepository } from '../../lib/places.ts'
import { likeQ } from '../../lib/q.ts'
import { forget, useApi } from '../../lib/query.ts'
import { showBytes, showCount } from '../../lib/show.ts'
import { Button } from '../../ui/button.tsx'
import { Meter } from '../../ui/charts.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { Link } from '../../ui/link.tsx'
import { ProjectFrame, type InProject } from '../../ui/project-frame.tsx'
import { PushHelp, pushCommands } from '../../ui/push-help.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

type Repository = AnswerOf<typeof listRepositories>[number]

const shortName = ({ name }: Repository) => splitRepository(name).repository
const paramsOf = ({ name }: Repository) => {
  const { project, repository } = splitRepository(name)
  return { project_name: project, repository_name: repository }
}

/** The repositories of a project: the way to what is in them, how to push, and their end. */
export default function Repositories({ params: { project } }: PageProps<'project'>) {
  const [isPushing, setPushing] = useState(false)
  return (
    <ProjectFrame
      name={project}
      tab="repositories"
      about={({ can }) => can('quota', 'read') && <Used project={project} />}
      actions={({ can }) =>
        can('repository', 'push') && (
          <Button tone="main" icon="upload" onClick={() => setPushing(true)}>
            {pushWords().show}
          </Button>
        )
      }
    >
      {(here) => (
        <>
          <List {...here} />
          {isPushing && <PushHelp project={project} onClose={() => setPushing(false)} />}
        </>
      )}
    </ProjectFrame>
  )
}

function List({ project, can }: InProject) {
  useLive(
    { topics: ['artifacts'], isAbout: (event) => isOfProject(event, project.project_id) },
    `/projects/${project.name}/repositories`,
    `/projects/${project.name}/summary`,
  )
  const [doomed, setDoomed] = useState<Repository | undefined>(undefined)
  const linkTo = (one: Repository) => repositoryPlace(project.name, shortName(one))
  return (
    <>
      <DataGrid
        label={words().title}
        operation={listRepositories}
        call={{ params: { project_name: project.name }, query: { with_usage: true } }}
        columns={columnsOf(linkTo)}
        keyOf={({ id }) => id}
        nameOf={shortName}
        linkTo={linkTo}
        filter={{ label: words().filter, toQuery: (text) => ({ q: likeQ('name', text) }) }}
        defaultSort="-update_time"
        {...(can('repository', 'delete') ? deletions(setDoomed) : {})}
        empty={<NoRepository project={project.name} canPush={can('repository', 'push')} />}
      />
      {doomed && <DeleteRepository repository={doomed} onClose={() => setDoomed(undefined)} />}
    </>
  )
}

const afterDeletion = () => forget('/projects', '/repositories', '/statistics')

const deletions = (ask: (one: Repository) => void) => ({
  rowActions: (one: Repository) => [
    { label: words().delete, icon: 'trash' as const, isDanger: true, run: () => ask(one) },
  ],
  bulk: [
    {
      label: words().delete,
      icon: 'trash' as const,
      isDanger: true,
      ask: (rows: Repository[]) => `${words().deleteMany(rows.length)} ${words().trashHint}`,
      run: async (one: Repository) => void (await send(deleteRepository, { params: paramsOf(one) })),
      onDone: afterDeletion,
    },
  ],
})

function columnsOf(linkTo: (one: Repository) => string): Column<Repository>[] {
  return [
    {
      name: 'name',
      title: words().name,
      sort: 'name',
      cell: (one) => (
        <Link to={linkTo(one)} class="name">
          {shortName(one)}
        </Link>
      ),
    },
    ...usageColumns(),
    {
      name: 'pulls',
      title: words().pulls,
      sort: 'pull_count',
      isNumber: true,
      cell: ({ pull_count: count }) => showCount(count),
    },
    {
      name: 'pushed',
      title: words().pushed,
      sort: 'update_time',
      cell: ({ update_time: at }) => <TimeAgo at={at} />,
    },
    {
      name: 'pulled',
      title: words().pulled,
      sort: 'last_pull_time',
      hideBelow: 'medium',
      cell: ({ last_pull_time: at }) => <TimeAgo at={at} />,
    },
  ]
}

/** How much is in it. */
const usageColumns = (): Column<Repository>[] => [
  {
    name: 'artifacts',
    title: words().artifacts,
    isNumber: true,
    hideBelow: 'small',
    cell: ({ artifact_count: count }) => showCount(count),
  },
  {
    name: 'tags',
    title: words().tags,
    isNumber: true,
    hideBelow: 'medium',
    cell: ({ tag_count: count = 0 }) => showCount(count),
  },
  {
    name: 'size',
    title: words().size,
    isNumber: true,
    hideBelow: 'small',
    cell: ({ size = 0 }) => showBytes(size),
  },
]

/** How much of the project's quota is used. */
function Used({ project }: { project: string }) {
  const { data } = useApi(getProjectSummary, { params: { project_name_or_id: project } })
  if (!data?.quota) return null
  const used = data.quota.used['storage'] ?? 0
  const limit = data.quota.hard['storage'] ?? -1
  const text = limit > 0 ? words().usedOf(showBytes(used), showBytes(limit)) : words().usedFree(showBytes(used))
  return <Meter label={words().used} used={used} limit={limit} text={text} />
}

function NoRepository({ project, canPush }: { project: string; canPush: boolean }) {
  return (
    <EmptyState
      icon="layers"
      title={words().empty}
      {...(canPush ? { commands: pushCommands(`${project}/my-image`) } : {})}
    >
      {canPush ? words().emptyHint : words().emptyReader}
    </EmptyState>
  )
}

function DeleteRepository({ repository, onClose }: { repository: Repository; onClose(): void }) {
  const { artifact_count: count, name } = repository
  return (
    <Confirm
      title={words().deleteTitle(name)}
      action={words().deleteAction}
      typed={shortName(repository)}
      onClose={onClose}
      run={async () => {
        await send(deleteRepository, { params: paramsOf(repository) })
        afterDeletion()
        toast(words().gone(name))
      }}
    >
      <p>
        {words().what(count, showCount(count))} {words().whatHint} {words().trashHint}
      </p>
    </Confirm>
  )
}

import type { AnswerOf } from '../../../../api/operation.ts'
import { getProjectSummary, listProjects } from '../../../../api/projects.ts'
import { listAllRepositories } from '../../../../api/repositories.ts'
import { projectPlace, repositoryPlace, splitRepository } from '../../lib/places.ts'
import { useApi } from '../../lib/query.ts'
import { user } from '../../lib/session.ts'
import { showCount, showShare } from '../../lib/show.ts'
import { Badge } from '../../ui/badge.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Link } from '../../ui/link.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { pushCommands } from '../../ui/push-help.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { Attention } from './attention.tsx'
import { words } from './words.ts'

/** Rows of each card. */
const most = 8

type Project = AnswerOf<typeof listProjects>[number]

/** What the caller works with, what happened there lately, and what needs attention. For visitors, what is public. */
export default function Home() {
  const name = user.value?.username
  const pushed = useApi(listAllRepositories, { query: { sort: '-update_time', page_size: most } })
  const projects = useApi(listProjects, { query: { sort: '-update_time', page_size: 100 } })
  const error = pushed.error ?? projects.error
  return (
    <>
      <PageHeader
        title={name === undefined ? words().visitor : words().hello(name)}
        about={name === undefined ? words().visitorHint : undefined}
      />
      {name !== undefined && <Attention />}
      {error ? (
        <ErrorState error={error} onRetry={pushed.refresh} />
      ) : !pushed.data || !projects.data ? (
        <div class="page-loading" aria-busy="true" />
      ) : pushed.data.length === 0 ? (
        <Nothing project={ownFirst(projects.data)[0]?.name} />
      ) : (
        <div class="cards home">
          <Projects projects={ownFirst(projects.data).slice(0, most)} />
          <Repositories title={words().pushed} none={words().nothingPushed} rows={pushed.data} timeOf={pushTime} />
          <Pulled />
        </div>
      )}
    </>
  )
}

/** Projects with a role of the caller's own come before those that anybody may see. */
const ownFirst = (all: Project[]): Project[] => [
  ...all.filter(({ current_user_role_id: role }) => role !== undefined),
  ...all.filter(({ current_user_role_id: role }) => role === undefined),
]

type Repository = AnswerOf<typeof listAllRepositories>[number]
const pushTime = (one: Repository) => one.update_time
const pullTime = (one: Repository) => one.last_pull_time

function Pulled() {
  // Without the range, those that were never pulled would come first.
  const query = { q: 'last_pull_time=[2000-01-01~]', sort: '-last_pull_time', page_size: most }
  const { data, error, refresh } = useApi(listAllRepositories, { query })
  if (error) return <ErrorState error={error} onRetry={refresh} />
  return <Repositories title={words().pulled} none={words().nothingPulled} rows={data ?? []} timeOf={pullTime} />
}

type RepositoriesProps = {
  title: string
  none: string
  rows: Repository[]
  timeOf(one: Repository): string | undefined
}

function Repositories({ title, none, rows, timeOf }: RepositoriesProps) {
  return (
    <section class="card">
      <h2>{title}</h2>
      {rows.length === 0 && <p class="quiet-text">{none}</p>}
      <ul class="home-list">
        {rows.map((one) => {
          const { project, repository } = splitRepository(one.name)
          return (
            <li key={one.id}>
              <Icon name="layers" />
              <Link to={repositoryPlace(project, repository)} class="name">
                {one.name}
              </Link>
              <span class="quiet-text">
                <TimeAgo at={timeOf(one)} />
              </span>
            </li>
          )
        })}
      </ul>
    </section>
  )
}

function Projects({ projects }: { projects: Project[] }) {
  return (
    <section class="card">
      <h2>{words().projects}</h2>
      <ul class="home-list">
        {projects.map(({ project_id: id, name, repo_count: count, metadata, current_user_role_id: role }) => (
          <li key={id}>
            <Icon name={metadata.public === 'true' ? 'globe' : 'lock'} />
            <Link to={projectPlace(name)} class="name">
              {name}
            </Link>
            {role !== undefined && <NearlyFull project={name} />}
            <Badge>{words().repositories(count, showCount(count))}</Badge>
          </li>
        ))}
      </ul>
      <p class="home-more">
        <Link to="/projects">{words().allProjects}</Link>
      </p>
    </section>
  )
}

/** From this share of its storage on, a project says so. */
const nearlyFull = 0.9

function NearlyFull({ project }: { project: string }) {
  const { data } = useApi(getProjectSummary, { params: { project_name_or_id: project } })
  const limit = data?.quota?.hard['storage'] ?? -1
  const share = limit > 0 ? (data?.quota?.used['storage'] ?? 0) / limit : 0
  return share < nearlyFull ? null : <Badge tone="bad">{words().full(showShare(share))}</Badge>
}

/** Before the first push: how it goes. */
function Nothing({ project = 'my-project' }: { project: string | undefined }) {
  if (!user.value) {
    return (
      <EmptyState icon="boxes" title={words().projects}>
        {words().emptyVisitor}
      </EmptyState>
    )
  }
  return (
    <EmptyState
      icon="upload"
      title={words().emptyTitle}
      commands={pushCommands(`${project}/my-image`)}
      action={
        <Link class="button main" to="/projects">
          {words().newProject}
        </Link>
      }
    >
      {words().emptyHint}
    </EmptyState>
  )
}

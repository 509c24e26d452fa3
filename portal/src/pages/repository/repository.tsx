import { useState } from 'preact/hooks'
import { listRepositories } from '../../../../api/repositories.ts'
import { artifactWords } from '../../i18n/artifact.ts'
import { projectWords } from '../../i18n/project.ts'
import { pushWords } from '../../i18n/push.ts'
import { ApiError } from '../../lib/api.ts'
import { query, withQuery } from '../../lib/location.ts'
import { isOfRepository, useLive } from '../../lib/live.ts'
import type { PageProps } from '../../lib/page.ts'
import { projectPlace } from '../../lib/places.ts'
import { isQ } from '../../lib/q.ts'
import { useApi, type Found } from '../../lib/query.ts'
import { showCount } from '../../lib/show.ts'
import { Button } from '../../ui/button.tsx'
import { Figures } from '../../ui/figures.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { WithProject, type InProject } from '../../ui/project-frame.tsx'
import { PullsByDay } from '../../ui/pulls-by-day.tsx'
import { PushHelp } from '../../ui/push-help.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { About } from './about.tsx'
import { ArtifactRows } from './artifacts.tsx'
import type { Repository } from './in-repository.ts'
import { TagRows } from './tags.tsx'
import { words } from './words.ts'

const views = { tags: TagRows, artifacts: ArtifactRows, about: About }
type View = keyof typeof views

/** A repository: its tags as rows, its artifacts with those that have no tag, and what it is about. */
export default function RepositoryPage({ params: { project, repository: name } }: PageProps<'project' | 'repository'>) {
  // By the list, since anybody may list the repositories of a public project, and not read one; asked together with the
  // project and the rights.
  const found = useApi(listRepositories, {
    params: { project_name: project },
    query: { q: isQ('name', `${project}/${name}`), page_size: 1 },
  })
  return (
    <WithProject name={project} may={['repository:list']}>
      {(here) => <Inside {...here} name={name} found={found} />}
    </WithProject>
  )
}

/** Asks again when something happens in the repository. */
function useRepository(project: string, name: string): void {
  useLive(
    { topics: ['artifacts'], isAbout: (event) => isOfRepository(event, `${project}/${name}`) },
    `/projects/${project}/repositories`,
    `/projects/${project}/tags`,
  )
}

function Inside({ project, can, name, found }: InProject & { name: string; found: Found<Repository[]> }) {
  useRepository(project.name, name)
  const { data, error, isLoading, refresh } = found
  const [isPushing, setPushing] = useState(false)
  if (!data)
    return error ? <ErrorState isPage error={error} onRetry={refresh} /> : <div class="page-loading" aria-busy />
  const [repository] = data
  if (!repository) {
    return isLoading ? (
      <div class="page-loading" aria-busy />
    ) : (
      <ErrorState isPage error={new ApiError(404, undefined, '')} />
    )
  }
  const asked = query.value.get('tab')
  const view: View = asked !== null && asked in views ? (asked as View) : 'tags'
  const Shown = views[view]
  return (
    <>
      <PageHeader
        title={name}
        path={[
          { to: '/projects', label: projectWords().projects },
          { to: projectPlace(project.name), label: project.name },
        ]}
        actions={
          can('repository', 'push') && (
            <Button icon="upload" onClick={() => setPushing(true)}>
              {pushWords().show}
            </Button>
          )
        }
      />
      <Summary project={project.name} name={name} repository={repository} />
      <Tabs
        label={words().tabsOf(name)}
        tabs={(Object.keys(views) as View[]).map((one) => ({
          to: withQuery({ ...nothing, tab: one === 'tags' ? undefined : one }),
          label: words()[one],
          isCurrent: one === view,
        }))}
      />
      <Shown key={view} project={project} can={can} repository={repository} name={name} />
      {isPushing && <PushHelp project={project.name} repository={repository.name} onClose={() => setPushing(false)} />}
    </>
  )
}

/** What one view keeps in the address means nothing to another. */
const nothing = Object.fromEntries(
  ['q', 'sort', 'page', 'after', 'before', 'hide', 'tagged'].map((one) => [one, undefined]),
)

type SummaryProps = { project: string; name: string; repository: Repository }

function Summary({ project, name, repository }: SummaryProps) {
  return (
    <Figures
      figures={[
        { label: artifactWords().pullsOfMonth, value: <PullsByDay project={project} repository={name} /> },
        { label: words().pulls, value: showCount(repository.pull_count) },
        { label: words().artifacts, value: showCount(repository.artifact_count) },
        { label: words().lastPush, value: <TimeAgo at={repository.update_time} /> },
        { label: words().lastPull, value: <TimeAgo at={repository.last_pull_time} /> },
      ]}
    />
  )
}

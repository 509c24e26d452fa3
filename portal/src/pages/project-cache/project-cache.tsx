import { useState } from 'preact/hooks'
import { getProjectSummary } from '../../../../api/projects.ts'
import { getProxyCache } from '../../../../api/proxy-cache.ts'
import { isOfProject, useLive } from '../../lib/live.ts'
import { query } from '../../lib/location.ts'
import type { PageProps } from '../../lib/page.ts'
import { useApi } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { ProjectFrame, type InProject } from '../../ui/project-frame.tsx'
import { RefreshAll, Settings } from './dialogs.tsx'
import { HowTo } from './how-to.tsx'
import type { InCache } from './in-cache.ts'
import { NewPrefetch, PrefetchDrawer } from './prefetch.tsx'
import { Figures, Rules, Upstream } from './state.tsx'
import { TagList } from './tag-list.tsx'
import { words } from './words.ts'

type Asked = 'how' | 'prefetch' | 'refresh' | 'settings' | undefined

/** A project that caches another registry: how that fares, what is here, and how to pull through it. */
export default function ProjectCache({ params: { project } }: PageProps<'project'>) {
  const [asked, setAsked] = useState<Asked>(undefined)
  return (
    <ProjectFrame
      name={project}
      tab="cache"
      actions={(here) => here.project.registry_id !== undefined && <Actions {...here} ask={setAsked} />}
    >
      {(here) =>
        here.project.registry_id === undefined ? (
          <EmptyState icon="download" title={words().none}>
            {words().noneHint}
          </EmptyState>
        ) : (
          <Inside {...here} asked={asked} close={() => setAsked(undefined)} />
        )
      }
    </ProjectFrame>
  )
}

function Actions({ can, ask }: InProject & { ask(what: Asked): void }) {
  return (
    <>
      {can('project', 'update') && (
        <Button icon="settings" onClick={() => ask('settings')}>
          {words().settings}
        </Button>
      )}
      {can('artifact', 'create') && (
        <>
          <Button icon="refresh" onClick={() => ask('refresh')}>
            {words().refreshAll}
          </Button>
          <Button icon="download" onClick={() => ask('prefetch')}>
            {words().prefetch}
          </Button>
        </>
      )}
      <Button tone="main" icon="info" onClick={() => ask('how')}>
        {words().howTo}
      </Button>
    </>
  )
}

/** How often the figures are asked again, in ms: pulls are told by no event. */
const figuresMs = 5000

function Inside({ project, can, asked, close }: InProject & { asked: Asked; close(): void }) {
  const params = { project_name_or_id: project.name }
  const found = useApi(getProxyCache, { params }, { everyMs: figuresMs })
  const { data: summary } = useApi(getProjectSummary, { params })
  useLive(
    { topics: ['artifacts'], isAbout: (event) => isOfProject(event, project.project_id) },
    `/projects/${project.name}/proxy-cache`,
  )
  if (!found.data)
    return found.error ? (
      <ErrorState error={found.error} onRetry={found.refresh} />
    ) : (
      <div class="page-loading" aria-busy="true" />
    )
  const here: InCache = { project, can, cache: found.data, address: summary?.registry?.url }
  const prefetch = Number(query.value.get('prefetch') ?? 0)
  return (
    <>
      <Figures {...here} />
      <div class="cards cache-cards">
        <Upstream {...here} />
        <Rules {...here} />
      </div>
      <h2 class="section-head">{words().list}</h2>
      <TagList {...here} />
      {asked === 'how' && <HowTo {...here} onClose={close} />}
      {asked === 'refresh' && <RefreshAll {...here} onClose={close} />}
      {asked === 'settings' && <Settings {...here} onClose={close} />}
      {asked === 'prefetch' && <NewPrefetch {...here} onClose={close} />}
      {prefetch > 0 && <PrefetchDrawer {...here} id={prefetch} />}
    </>
  )
}

import { withQuery } from '../../lib/location.ts'
import type { PageProps } from '../../lib/page.ts'
import { facetOf } from '../../ui/facets.tsx'
import { later } from '../../ui/later.tsx'
import { ProjectFrame, type InProject } from '../../ui/project-frame.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { ImmutableSection } from './immutable-section.tsx'
import { PreviewSection } from './preview-section.tsx'
import { WhySection } from './why-section.tsx'
import { words } from './words.ts'

/** The larger parts. */
const RetentionSection = later(async () => (await import('./retention-section.tsx')).RetentionSection)
const ProtectionSection = later(async () => (await import('./protection-section.tsx')).ProtectionSection)
const RunsSection = later(async () => (await import('./runs-section.tsx')).RunsSection)

const views = ['rules', 'preview', 'runs', 'why'] as const
type View = (typeof views)[number]

/** What stays and what goes: immutable and protected tags, retention, its preview, its runs, and why a tag is here. */
export default function Rules({ params: { project } }: PageProps<'project'>) {
  return (
    <ProjectFrame name={project} tab="rules">
      {(here) => <Views {...here} />}
    </ProjectFrame>
  )
}

function Views({ project, can }: InProject) {
  const wanted = views.find((one) => one === facetOf('view')) ?? 'rules'
  const policyId = project.metadata.retention_id === undefined ? undefined : Number(project.metadata.retention_id)
  const isShown: Record<View, boolean> = {
    rules: true,
    preview: policyId !== undefined && can('tag-retention', 'read'),
    runs: policyId !== undefined && can('tag-retention', 'list'),
    why: can('tag-retention', 'read'),
  }
  const view = isShown[wanted] ? wanted : 'rules'
  const shown = views.filter((one) => isShown[one])
  return (
    <>
      {shown.length > 1 && (
        <div class="sub-tabs">
          <Tabs
            label={words().retention}
            tabs={shown.map((one) => ({
              to: withQuery({ view: one === 'rules' ? undefined : one, run: undefined }),
              label: words().views[one],
              isCurrent: one === view,
            }))}
          />
        </div>
      )}
      {view === 'rules' && (
        <div class="stack">
          {can('tag-retention', 'read') && <RetentionSection project={project} policyId={policyId} can={can} />}
          {can('immutable-tag', 'list') && <ImmutableSection project={project.name} can={can} />}
          {can('configuration', 'read') && (
            <ProtectionSection project={{ name: project.name, id: project.project_id }} can={can} />
          )}
        </div>
      )}
      {view === 'preview' && <PreviewSection project={project} />}
      {view === 'runs' && policyId !== undefined && <RunsSection policyId={policyId} can={can} />}
      {view === 'why' && <WhySection project={project.name} />}
    </>
  )
}

import type { ComponentChildren } from 'preact'
import { getArtifact } from '../../../../api/artifacts.ts'
import { common } from '../../i18n/common.ts'
import { projectWords } from '../../i18n/project.ts'
import { shortDigest } from '../../lib/format.ts'
import { navigate, query, withQuery } from '../../lib/location.ts'
import type { PageProps } from '../../lib/page.ts'
import { comparePlace, projectPlace, repositoryPlace } from '../../lib/places.ts'
import { useApi, type Found } from '../../lib/query.ts'
import type { Can } from '../../lib/rights.ts'
import { user } from '../../lib/session.ts'
import { useArtifactActions } from '../../ui/artifact-actions.tsx'
import { Belongings } from '../../ui/artifact-marks.tsx'
import { Badge } from '../../ui/badge.tsx'
import { Digest } from '../../ui/copy.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Icon } from '../../ui/icon.tsx'
import { later } from '../../ui/later.tsx'
import { Menu } from '../../ui/menu.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { WithProject, type InProject } from '../../ui/project-frame.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { Activity } from './activity.tsx'
import { Documents } from './documents.tsx'
import { Files } from './files.tsx'
import { Contents } from './graph.tsx'
import { History } from './history.tsx'
import type { Artifact, InArtifact } from './in-artifact.ts'
import { Overview } from './overview.tsx'
import { Places } from './places.tsx'
import { words } from './words.ts'

/** What few readers open. */
const Signatures = later(async () => (await import('./signatures.tsx')).Signatures)
const Sbom = later(async () => (await import('./sbom.tsx')).Sbom)
const Vulnerabilities = later(async () => (await import('./vulnerabilities.tsx')).Vulnerabilities)

const views = {
  overview: Overview,
  graph: Contents,
  history: History,
  files: Files,
  vulnerabilities: Vulnerabilities,
  signatures: Signatures,
  sbom: Sbom,
  documents: Documents,
  places: Places,
  activity: Activity,
}
type View = keyof typeof views

/** An artifact: how to pull it, what it is made of, what is said about it, and what can be done with it. */
export default function ArtifactPage({ params }: PageProps<'project' | 'repository' | 'digest'>) {
  // Asked together with the project and the rights.
  const found = useApi(getArtifact, {
    params: { project_name: params.project, repository_name: params.repository, reference: params.digest },
    query: { with_label: true, with_accessory: true, with_immutable_status: true },
  })
  return (
    <WithProject name={params.project} may={['artifact:read']}>
      {(here) => (
        <Inside key={params.digest} {...here} repository={params.repository} reference={params.digest} found={found} />
      )}
    </WithProject>
  )
}

type InsideProps = InProject & { repository: string; reference: string; found: Found<Artifact> }

function Inside({ project, can, repository, reference, found }: InsideProps) {
  const { data, error, refresh } = found
  const actions = useArtifactActions(can, () => navigate(repositoryPlace(project.name, repository)))
  if (!data)
    return error ? <ErrorState isPage error={error} onRetry={refresh} /> : <div class="page-loading" aria-busy />
  const asked = query.value.get('tag') ?? reference
  const tag = (data.tags ?? []).find(({ name }) => name === asked) ?? data.tags?.[0]
  const title = tag === undefined ? `${repository}@${shortDigest(data.digest)}` : `${repository}:${tag.name}`
  const target = { projectId: project.project_id, project: project.name, repository, digest: data.digest }
  const ofTag = tag === undefined ? {} : { tag: tag.name, isImmutable: tag.immutable }
  const compare = comparePlace(project.name, repository, tag?.name ?? data.digest, '')
  return (
    <>
      <Head title={title} project={project.name} repository={repository} artifact={data}>
        {user.value && (
          <Menu
            label={common().actions}
            class="button"
            items={[
              { label: words().compare, icon: 'columns', to: compare },
              ...actions.items({ ...target, ...ofTag }),
            ]}
          >
            {common().actions} <Icon name="chevronDown" size={14} />
          </Menu>
        )}
      </Head>
      <Shown project={project} can={can} repository={repository} artifact={data} tag={tag?.name} title={title} />
      {actions.dialog}
    </>
  )
}

type HeadProps = {
  title: string
  project: string
  repository: string
  artifact: Artifact
  /** What can be done with it. */
  children: ComponentChildren
}

function Head({ title, project, repository, artifact, children }: HeadProps) {
  return (
    <PageHeader
      title={title}
      path={[
        { to: '/projects', label: projectWords().projects },
        { to: projectPlace(project), label: project },
        { to: repositoryPlace(project, repository), label: repository },
      ]}
      marks={
        <>
          <Badge>{artifact.type.toLowerCase()}</Badge>
          <Belongings types={(artifact.accessories ?? []).map(({ type }) => type)} />
        </>
      }
      about={<Digest value={artifact.digest} />}
      actions={children}
    />
  )
}

function Shown({ title, ...here }: InArtifact & { title: string }) {
  const all = viewsOf(here.artifact, here.can)
  const asked = query.value.get('tab') ?? ''
  const view = all.find((one) => one === asked) ?? 'overview'
  const Part = views[view]
  const nothing = {
    page: undefined,
    sort: undefined,
    q: undefined,
    hide: undefined,
    kind: undefined,
    severity: undefined,
    fix: undefined,
    platform: undefined,
  }
  return (
    <>
      <Tabs
        label={words().tabsOf(title)}
        tabs={all.map((one) => ({
          to: withQuery({ ...nothing, tab: one === 'overview' ? undefined : one }),
          label: words().tabs[one],
          isCurrent: one === view,
        }))}
      />
      <Part key={view} {...here} />
    </>
  )
}

/** The views that this artifact has something for, and the caller the right to. */
function viewsOf({ type, addition_links: additions, references }: Artifact, can: Can): View[] {
  const hasFiles = ['readme.md', 'values.yaml', 'dependencies', 'files', 'license'].some((one) => one in additions)
  return (Object.keys(views) as View[]).filter((one) => {
    if (one === 'history') return 'build_history' in additions || references.length > 0
    if (one === 'files') return hasFiles
    if (one === 'signatures') return can('accessory', 'list')
    if (one === 'vulnerabilities') return type === 'IMAGE' && can('scan', 'read')
    if (one === 'sbom') return (type === 'IMAGE' || type === 'SBOM') && can('sbom', 'read')
    if (one === 'activity') return can('log', 'list')
    return true
  })
}

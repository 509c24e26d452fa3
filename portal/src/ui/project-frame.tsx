import type { ComponentChildren } from 'preact'
import type { AnswerOf } from '../../../api/operation.ts'
import { getProject } from '../../../api/projects.ts'
import { projectWords } from '../i18n/project.ts'
import { ApiError } from '../lib/api.ts'
import { projectPlace } from '../lib/places.ts'
import { useApi } from '../lib/query.ts'
import { useRights, type Can } from '../lib/rights.ts'
import { user } from '../lib/session.ts'
import { Badge } from './badge.tsx'
import { PageHeader } from './header.tsx'
import { ErrorState } from './problem.tsx'
import { Tabs } from './tabs.tsx'

export type Project = AnswerOf<typeof getProject>
type ProjectTab = keyof ReturnType<typeof projectWords>['tabs']
/** What a page of a project is about: the project, and what the caller may do in it. */
export type InProject = { project: Project; can: Can }

type TabRow = {
  name: ProjectTab
  /** The rights that open it: any of these. */
  may: string[]
  /** The projects that have it; all without it. */
  isOf?(project: Project): boolean
}

const tabs: TabRow[] = [
  { name: 'repositories', may: ['repository:list'] },
  { name: 'cache', may: ['artifact:list'], isOf: ({ registry_id: id }) => id !== undefined },
  { name: 'members', may: ['member:list'] },
  { name: 'access', may: ['log:list'] },
  { name: 'robots', may: ['robot:list'] },
  { name: 'workloads', may: ['robot:list'] },
  { name: 'labels', may: ['label:list'] },
  { name: 'rules', may: ['tag-retention:list', 'immutable-tag:list'] },
  { name: 'webhooks', may: ['notification-policy:list'] },
  { name: 'preheat', may: ['preheat-policy:list'] },
  { name: 'usage', may: ['quota:read'] },
  { name: 'trash', may: ['artifact:delete'] },
  { name: 'activity', may: ['log:list'] },
  { name: 'settings', may: ['project:update'] },
]

const mayOpen = (can: Can, may: string[]): boolean =>
  may.some((one) => can(...(one.split(':') as [resource: string, action: string])))

const placeOf = (project: string, tab: ProjectTab): string =>
  tab === 'repositories' ? projectPlace(project) : `${projectPlace(project)}/-/${tab}`

type FrameProps = {
  /** The project's name, as the path has it. */
  name: string
  /** Which tab the page is, or belongs to. */
  tab: ProjectTab
  /** A page below the tab: its own title, after the way to the tab. */
  title?: string
  actions?(here: InProject): ComponentChildren
  about?(here: InProject): ComponentChildren
  children(here: InProject): ComponentChildren
}

/** Head and tabs of a project's page, and the page in it. Who may not open the tab is told so. */
export function ProjectFrame({ name, tab, title, actions, about, children }: FrameProps) {
  const way = [
    { to: '/projects', label: projectWords().projects },
    ...(title === undefined ? [] : [{ to: placeOf(name, tab), label: `${name} · ${projectWords().tabs[tab]}` }]),
  ]
  return (
    <WithProject name={name} may={tabs.find((one) => one.name === tab)!.may}>
      {(here) => (
        <>
          <PageHeader
            title={title ?? name}
            path={way}
            {...(title === undefined ? { marks: <ProjectMarks project={here.project} /> } : {})}
            actions={actions?.(here)}
            about={about?.(here)}
          />
          {title === undefined && <ProjectTabs {...here} tab={tab} />}
          {children(here)}
        </>
      )}
    </WithProject>
  )
}

type WithProjectProps = {
  name: string
  /** Any of these rights opens it, such as `artifact:read`. */
  may: string[]
  children(here: InProject): ComponentChildren
}

/** What it holds is shown once the project and the caller's rights are known, to those who hold one of the rights. */
export function WithProject({ name, may, children }: WithProjectProps) {
  const can = useRights(name)
  const { data: project, error, refresh } = useApi(getProject, { params: { project_name_or_id: name } })
  if (!project) return error ? <ErrorState isPage error={error} onRetry={refresh} /> : <Waiting />
  if (!can.isKnown) return <Waiting />
  if (!mayOpen(can, may)) return <ErrorState isPage error={new ApiError(user.value ? 403 : 401, undefined, '')} />
  return <>{children({ project, can })}</>
}

const Waiting = () => <div class="page-loading" aria-busy="true" />

function ProjectTabs({ project, can, tab }: InProject & { tab: ProjectTab }) {
  const shown = tabs.filter(({ may, isOf }) => mayOpen(can, may) && (isOf?.(project) ?? true))
  return (
    <Tabs
      label={projectWords().tabsOf(project.name)}
      tabs={shown.map((one) => ({
        to: placeOf(project.name, one.name),
        label: projectWords().tabs[one.name],
        isCurrent: one.name === tab,
      }))}
    />
  )
}

/** Who may see the project, and which role the caller has in it. */
function ProjectMarks({ project }: { project: Project }) {
  const { public: isPublic } = project.metadata
  const role = projectWords().roles[project.current_user_role_id ?? 0]
  return (
    <>
      <Badge icon={isPublic === 'true' ? 'globe' : 'lock'}>
        {isPublic === 'true' ? projectWords().public : projectWords().private}
      </Badge>
      {project.registry_id !== undefined && <Badge tone="info">{projectWords().proxy}</Badge>}
      {role !== undefined && <Badge icon="user">{role}</Badge>}
    </>
  )
}

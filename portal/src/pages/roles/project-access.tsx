import { useState } from 'preact/hooks'
import { listProjectRoles } from '../../../../api/roles.ts'
import { withQuery } from '../../lib/location.ts'
import type { PageProps } from '../../lib/page.ts'
import { useApi } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { facetOf } from '../../ui/facets.tsx'
import { ProjectFrame, type InProject } from '../../ui/project-frame.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { AddBinding, Bindings } from './bindings.tsx'
import { EditRole } from './edit-role.tsx'
import { Explain } from './explain.tsx'
import { RoleGrid } from './role-grid.tsx'
import { words } from './words.ts'

const views = ['who', 'bindings', 'roles'] as const

/** Who may do what in a project and why, who holds roles of one's own, and which roles there are. */
export default function ProjectAccess({ params: { project } }: PageProps<'project'>) {
  return (
    <ProjectFrame name={project} tab="access">
      {(here) => <Views {...here} />}
    </ProjectFrame>
  )
}

function Views({ project: { name: project }, can }: InProject) {
  const [isAsked, setAsked] = useState(false)
  const shown = views.filter((one) => one === 'who' || can('member', 'list'))
  const view = shown.find((one) => one === facetOf('view')) ?? 'who'
  const mayChange = can('member', 'create')
  const roles = useApi(
    listProjectRoles,
    { params: { project_name_or_id: project }, query: { page_size: 100 } },
    { isOn: isAsked },
  )
  const close = () => setAsked(false)
  return (
    <>
      <div class="section-title">
        <div class="sub-tabs">
          <Tabs
            label={words().access}
            tabs={shown.map((one) => ({
              to: withQuery({ ...noFilter, view: one === 'who' ? undefined : one }),
              label: words().views[one],
              isCurrent: one === view,
            }))}
          />
        </div>
        {mayChange && view !== 'who' && (
          <Button icon="add" onClick={() => setAsked(true)}>
            {view === 'roles' ? words().newRole : words().give}
          </Button>
        )}
      </div>
      {view === 'who' && <Explain project={project} />}
      {view === 'bindings' && <Bindings project={project} mayChange={mayChange} />}
      {view === 'roles' && <RoleGrid project={project} mayChange={mayChange} />}
      {isAsked && roles.data && view === 'roles' && <EditRole project={project} from={roles.data} onClose={close} />}
      {isAsked && roles.data && view === 'bindings' && (
        <AddBinding project={project} roles={roles.data} onClose={close} />
      )}
    </>
  )
}

/** Each view begins without what was filtered in the one before. */
const noFilter = {
  page: undefined,
  after: undefined,
  before: undefined,
  who: undefined,
  name: undefined,
  action: undefined,
  repository: undefined,
  tag: undefined,
}

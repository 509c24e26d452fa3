import { listProjectLogExts } from '../../../../api/audit.ts'
import type { PageProps } from '../../lib/page.ts'
import { ProjectFrame } from '../../ui/project-frame.tsx'
import { ActivityList } from './activity-list.tsx'
import { ExportButton } from './export-button.tsx'
import { words } from './words.ts'

/** The log of a project. */
export default function ProjectActivity({ params: { project } }: PageProps<'project'>) {
  const log = { operation: listProjectLogExts, params: { project_name: project } }
  return (
    <ProjectFrame name={project} tab="activity" actions={() => <ExportButton {...log} />}>
      {() => (
        <>
          <p class="tab-about">{words().aboutProject}</p>
          <ActivityList {...log} />
        </>
      )}
    </ProjectFrame>
  )
}

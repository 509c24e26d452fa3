import { useState } from 'preact/hooks'
import type { PageProps } from '../../lib/page.ts'
import type { Can } from '../../lib/rights.ts'
import { Button } from '../../ui/button.tsx'
import { ProjectFrame } from '../../ui/project-frame.tsx'
import { LabelList, type OpenLabel } from './label-list.tsx'
import { words } from './words.ts'

/** The labels of a project. */
export default function ProjectLabels({ params: { project: name } }: PageProps<'project'>) {
  const [open, setOpen] = useState<OpenLabel>(undefined)
  const add = (can: Can) =>
    can('label', 'create') && (
      <Button tone="main" icon="add" onClick={() => setOpen({ what: 'add' })}>
        {words().add}
      </Button>
    )
  return (
    <ProjectFrame name={name} tab="labels" actions={({ can }) => add(can)}>
      {({ project, can }) => (
        <>
          <p class="tab-about">{words().aboutProject}</p>
          <LabelList
            projectId={project.project_id}
            mayChange={can('label', 'update')}
            open={open}
            onOpen={setOpen}
            add={add(can)}
          />
        </>
      )}
    </ProjectFrame>
  )
}

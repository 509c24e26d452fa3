import { useState } from 'preact/hooks'
import type { PageProps } from '../../lib/page.ts'
import { Button } from '../../ui/button.tsx'
import { ProjectFrame } from '../../ui/project-frame.tsx'
import { RobotList, type OpenRobot } from './robot-list.tsx'
import { words } from './words.ts'

/** The robots of a project. */
export default function ProjectRobots({ params }: PageProps<'project'>) {
  const [open, setOpen] = useState<OpenRobot>(undefined)
  return (
    <ProjectFrame
      name={params.project}
      tab="robots"
      actions={({ can }) =>
        can('robot', 'create') && (
          <Button tone="main" icon="add" onClick={() => setOpen({ what: 'add' })}>
            {words().add}
          </Button>
        )
      }
    >
      {({ project, can }) => (
        <>
          <p class="tab-about">{words().aboutProject}</p>
          <RobotList
            owner={{ id: project.project_id, name: project.name }}
            rights={{
              mayCreate: can('robot', 'create'),
              mayUpdate: can('robot', 'update'),
              mayDelete: can('robot', 'delete'),
            }}
            open={open}
            onOpen={setOpen}
          />
        </>
      )}
    </ProjectFrame>
  )
}

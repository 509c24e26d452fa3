import { useState } from 'preact/hooks'
import type { PageProps } from '../../lib/page.ts'
import { ProjectFrame } from '../../ui/project-frame.tsx'
import { RuleActions } from './rule-actions.tsx'
import { RuleList, type OpenRule } from './rule-list.tsx'
import { words } from './words.ts'

/** The trust rules of a project. */
export default function ProjectWorkloads({ params }: PageProps<'project'>) {
  const [open, setOpen] = useState<OpenRule>(undefined)
  return (
    <ProjectFrame
      name={params.project}
      tab="workloads"
      actions={({ can }) => <RuleActions mayChange={can('robot', 'create')} onOpen={setOpen} />}
    >
      {({ project, can }) => (
        <>
          <p class="tab-about">{words().aboutProject}</p>
          <RuleList owner={project.name} mayChange={can('robot', 'create')} open={open} onOpen={setOpen} />
        </>
      )}
    </ProjectFrame>
  )
}

import { useState } from 'preact/hooks'
import type { PageProps } from '../../lib/page.ts'
import { Button } from '../../ui/button.tsx'
import { ProjectFrame } from '../../ui/project-frame.tsx'
import { projectSide } from './side.ts'
import { WebhookList, type OpenWebhook } from './webhook-list.tsx'
import { words } from './words.ts'

/** The webhooks of a project. */
export default function ProjectWebhooks({ params: { project } }: PageProps<'project'>) {
  const [open, setOpen] = useState<OpenWebhook>(undefined)
  return (
    <ProjectFrame
      name={project}
      tab="webhooks"
      actions={({ can }) =>
        can('notification-policy', 'create') && (
          <Button tone="main" icon="add" onClick={() => setOpen({ what: 'add' })}>
            {words().add}
          </Button>
        )
      }
    >
      {({ can }) => (
        <>
          <p class="tab-about">{words().aboutProject}</p>
          <WebhookList
            side={projectSide(project)}
            mayChange={can('notification-policy', 'update')}
            open={open}
            onOpen={setOpen}
          />
        </>
      )}
    </ProjectFrame>
  )
}

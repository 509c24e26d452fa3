import { useState } from 'preact/hooks'
import type { PageProps } from '../../lib/page.ts'
import { useApi } from '../../lib/query.ts'
import { ErrorState } from '../../ui/problem.tsx'
import { ProjectFrame } from '../../ui/project-frame.tsx'
import { projectSide } from './side.ts'
import { WebhookActions } from './webhook-actions.tsx'
import { WebhookDetail } from './webhook-detail.tsx'
import type { OpenWebhook } from './webhook-list.tsx'
import { words } from './words.ts'

/** A webhook of a project. */
export default function ProjectWebhook({ params: { project, id } }: PageProps<'project' | 'id'>) {
  const [open, setOpen] = useState<OpenWebhook>(undefined)
  const side = projectSide(project)
  const params = { ...side.params, webhook_policy_id: Number(id) }
  const found = useApi(side.api.getPolicy, { params })
  const { data: policy, error } = found
  return (
    <ProjectFrame
      name={project}
      tab="webhooks"
      title={policy?.name ?? words().title}
      actions={({ can }) =>
        policy && can('notification-policy', 'update') && <WebhookActions policy={policy} onOpen={setOpen} />
      }
    >
      {({ can }) =>
        policy ? (
          <WebhookDetail
            side={side}
            policy={policy}
            mayChange={can('notification-policy', 'update')}
            open={open}
            onOpen={setOpen}
          />
        ) : (
          error && <ErrorState error={error} onRetry={found.refresh} />
        )
      }
    </ProjectFrame>
  )
}

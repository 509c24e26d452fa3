import { updateProject } from '../../../../api/projects.ts'
import { send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { dayOf, endOfDay } from '../../lib/days.ts'
import { TextField } from '../../ui/form.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import type { Project } from '../../ui/project-frame.tsx'
import { toast } from '../../ui/toasts.tsx'
import { vulnerabilityWords as words } from './vulnerability-words.ts'

/** Puts a vulnerability onto the project's allowlist, after it is said what follows from that. */
export function Except({ project, id, onClose }: { project: Project; id: string; onClose(): void }) {
  const { items, expires_at: end } = project.cve_allowlist
  return (
    <FormDialog
      title={words().exceptTitle(id)}
      action={words().except}
      onClose={onClose}
      check={({ until = '' }) =>
        until !== '' && endOfDay(until) * 1000 <= Date.now() ? { until: words().untilPast } : {}
      }
      submit={async ({ until = '' }) => {
        const list = {
          items: [...items.filter((one) => one.cve_id !== id), { cve_id: id }],
          ...(until === '' ? {} : { expires_at: endOfDay(until) }),
        }
        await send(updateProject, { params: { project_name_or_id: project.name }, body: { cve_allowlist: list } })
        forget(`/projects/${project.name}`)
        toast(words().isExcepted(id))
      }}
    >
      <p>{words().exceptHint}</p>
      <TextField
        name="until"
        type="date"
        label={words().until}
        hint={`${words().untilHint} ${words().exceptAll}`}
        value={dayOf(end)}
      />
    </FormDialog>
  )
}

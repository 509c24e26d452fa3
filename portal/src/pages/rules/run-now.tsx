import { previewRetention } from '../../../../api/retention-preview.ts'
import { triggerRetentionExecution } from '../../../../api/retention.ts'
import { common } from '../../i18n/common.ts'
import { useAction } from '../../lib/action.ts'
import { send } from '../../lib/api.ts'
import { changeQuery } from '../../lib/location.ts'
import { forget, useApi } from '../../lib/query.ts'
import { showCount, showShare } from '../../lib/show.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Problem } from '../../ui/problem.tsx'
import type { Project } from '../../ui/project-frame.tsx'
import { toast } from '../../ui/toasts.tsx'
import { PreviewTotals } from './preview-totals.tsx'
import { words } from './words.ts'

type RunProps = { project: Project; policyId: number; onClose(): void }

/** Says what would go, and begins a run that deletes no larger share than that, or a dry run. */
export function RunNow({ project, policyId, onClose }: RunProps) {
  const { data, error } = useApi(previewRetention, {
    body: { project_id: project.project_id, show: 'dropped', rows: 0 },
  })
  const work = useAction(async (isDry: boolean) => {
    const guard = isDry || !data ? {} : { max_share: Math.max(1, data.share) }
    await send(triggerRetentionExecution, { params: { id: policyId }, body: { dry_run: isDry, ...guard } })
    forget(`/retentions/${policyId}/executions`)
  })
  const run = async (isDry: boolean) => {
    if (!(await work.run(isDry))) return
    toast(words().started)
    onClose()
    changeQuery({ view: 'runs' }, { replace: false })
  }
  const goes = data?.totals.dropped_tags ?? 0
  return (
    <Dialog
      title={words().runTitle}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{common().cancel}</Button>
          <Button isBusy={work.isRunning} title={words().dryHint} onClick={() => void run(true)}>
            {words().dryRun}
          </Button>
          <Button
            tone="danger"
            isBusy={work.isRunning || (!data && !error)}
            disabledBecause={data && goes === 0 ? words().nothingGoes : undefined}
            onClick={() => void run(false)}
          >
            {words().runAction(showCount(goes))}
          </Button>
        </>
      }
    >
      {data && <PreviewTotals preview={data} />}
      {data && goes > 0 && <p>{words().runGuard(showShare(Math.max(1, data.share) / 100))}</p>}
      <p class="quiet-text">{words().runHint}</p>
      <p class="quiet-text">
        {words().dryRun}: {words().dryHint}
      </p>
      {(work.error ?? error) && <Problem error={(work.error ?? error)!} />}
    </Dialog>
  )
}

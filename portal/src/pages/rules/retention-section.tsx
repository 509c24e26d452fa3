import { useState } from 'preact/hooks'
import { convertRetention } from '../../../../api/retention-preview.ts'
import { deleteRetention, getRetention } from '../../../../api/retention.ts'
import { send } from '../../lib/api.ts'
import { forget, useApi } from '../../lib/query.ts'
import type { Can } from '../../lib/rights.ts'
import { showShare } from '../../lib/show.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import type { Project } from '../../ui/project-frame.tsx'
import { showCron } from '../../ui/schedule.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { EditPolicy } from './edit-policy.tsx'
import { RunNow } from './run-now.tsx'
import { ruleSentence, type Ordered, type Policy } from './sentences.ts'
import { words } from './words.ts'

type SectionProps = { project: Project; policyId: number | undefined; can: Can }
type Open = 'edit' | 'run' | 'delete' | undefined

/** The retention policy in sentences, or how to begin one. */
export function RetentionSection({ project, policyId, can }: SectionProps) {
  const [open, setOpen] = useState<Open>(undefined)
  const id = policyId ?? 0
  const isOn = policyId !== undefined
  const policy = useApi(getRetention, { params: { id } }, { isOn })
  const ordered = useApi(convertRetention, { params: { id } }, { isOn })
  const error = policy.error ?? ordered.error
  const close = () => setOpen(undefined)
  const editor = { project, mayGuard: can('project', 'update'), onClose: close }
  if (!isOn) {
    const add = can('tag-retention', 'create') && (
      <Button tone="main" icon="add" onClick={() => setOpen('edit')}>
        {words().addPolicy}
      </Button>
    )
    return (
      <section class="card">
        <h2>{words().retention}</h2>
        <EmptyState icon="clock" title={words().noPolicyTitle} action={add}>
          {words().noPolicy}
        </EmptyState>
        {open === 'edit' && <EditPolicy {...editor} />}
      </section>
    )
  }
  return (
    <section class="card">
      <div class="section-title">
        <h2>{words().retention}</h2>
        {policy.data && ordered.data && <PolicyButtons can={can} onOpen={setOpen} />}
      </div>
      {error && <ErrorState error={error} onRetry={policy.refresh} />}
      <div aria-busy={!error && !(policy.data && ordered.data)}>
        {policy.data && ordered.data && <PolicyText project={project} policy={policy.data} ordered={ordered.data} />}
      </div>
      {open === 'edit' && policy.data && ordered.data && (
        <EditPolicy {...editor} policy={policy.data} rules={ordered.data.ordered_rules} />
      )}
      {open === 'run' && <RunNow project={project} policyId={id} onClose={close} />}
      {open === 'delete' && <DeletePolicy project={project} id={id} onClose={close} />}
    </section>
  )
}

function PolicyButtons({ can, onOpen }: { can: Can; onOpen(open: Open): void }) {
  return (
    <div class="row">
      {can('tag-retention', 'delete') && (
        <Button icon="trash" aria-label={words().deletePolicy} onClick={() => onOpen('delete')} />
      )}
      {can('tag-retention', 'update') && (
        <Button icon="edit" onClick={() => onOpen('edit')}>
          {words().edit}
        </Button>
      )}
      {can('tag-retention', 'update') && (
        <Button icon="play" tone="main" onClick={() => onOpen('run')}>
          {words().run}
        </Button>
      )}
    </div>
  )
}

function PolicyText({ project, policy, ordered }: { project: Project; policy: Policy; ordered: Ordered }) {
  const settings = (policy.trigger?.settings ?? {}) as { cron?: string; next_scheduled_time?: string }
  const share = Number(project.metadata.retention_max_share ?? '100')
  return (
    <>
      <p class="quiet-text">{words().retentionAbout}</p>
      {ordered.decides === 'artifact' && <p class="note info">{words().ofArtifacts}</p>}
      <ol class="sentences numbered-rules">
        {ordered.ordered_rules.map((rule, index) => (
          <li key={index}>
            <span class="wrap-text">
              {rule.name !== undefined && rule.name !== '' && <strong>{rule.name}: </strong>}
              {ruleSentence(rule)}
            </span>
            {rule.disabled && <Badge>{words().off}</Badge>}
          </li>
        ))}
      </ol>
      <dl class="facts">
        <dt>{words().runsBy}</dt>
        <dd>{showCron('Custom', settings.cron)}</dd>
        {settings.next_scheduled_time !== undefined && (
          <>
            <dt>{words().next}</dt>
            <dd>
              <TimeAgo at={settings.next_scheduled_time} />
            </dd>
          </>
        )}
        <dt>{words().share}</dt>
        <dd>{share >= 100 ? words().noShare : words().shareOf(showShare(share / 100))}</dd>
      </dl>
    </>
  )
}

function DeletePolicy({ project, id, onClose }: { project: Project; id: number; onClose(): void }) {
  return (
    <Confirm
      title={words().deletePolicyTitle}
      action={words().deletePolicy}
      typed={project.name}
      onClose={onClose}
      run={async () => {
        await send(deleteRetention, { params: { id } })
        forget(`/projects/${project.name}`, '/retentions/preview')
        toast(words().policyGone)
      }}
    >
      <p>{words().deletePolicyHint}</p>
    </Confirm>
  )
}

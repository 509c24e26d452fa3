import { useState } from 'preact/hooks'
import { updateProject } from '../../../../api/projects.ts'
import { previewRetention } from '../../../../api/retention-preview.ts'
import { createRetention, updateRetention } from '../../../../api/retention.ts'
import { common } from '../../i18n/common.ts'
import { useAction } from '../../lib/action.ts'
import { ApiError, send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { TextField, type Values } from '../../ui/form.tsx'
import { Problem } from '../../ui/problem.tsx'
import type { Project } from '../../ui/project-frame.tsx'
import { checkSchedule, ScheduleFields, scheduleIn } from '../../ui/schedule.tsx'
import { toast } from '../../ui/toasts.tsx'
import { PreviewTotals } from './preview-totals.tsx'
import { draftOf, ruleOf, type RuleDraft } from './rule-draft.ts'
import { RuleFields } from './rule-fields.tsx'
import type { Policy, Preview, Rule } from './sentences.ts'
import { words } from './words.ts'

/** Keep what is new or used; the rest goes. Somebody who makes a policy begins with these. */
const beginning: Rule[] = [
  { action: 'keep', newest: { count: 10, by: 'pushed', per: 'repository' } },
  { action: 'keep', pulled_within_days: 90 },
  { action: 'delete' },
]

type EditProps = {
  project: Project
  /** The policy that is there, and its rules as rules in order. */
  policy?: Policy
  rules?: readonly Rule[]
  /** Whether the caller may set the guard, which is a setting of the project. */
  mayGuard: boolean
  onClose(): void
}

/** Rules in order, their schedule and guard; what they would do can be seen before they are saved. */
export function EditPolicy({ project, policy, rules = beginning, mayGuard, onClose }: EditProps) {
  const [drafts, setDrafts] = useState<RuleDraft[]>(() => rules.map((rule) => draftOf(rule)))
  const settings = policy?.trigger?.settings as { cron?: string } | undefined
  return (
    <FormDialog
      title={policy ? words().editPolicy : words().addPolicy}
      action={common().save}
      shape="wide"
      onClose={onClose}
      check={(values) => ({ ...checkSchedule(values), ...checkShare(values) })}
      submit={(values) => save(project, policy, drafts.map(ruleOf), values, mayGuard)}
    >
      <p class="quiet-text">{words().retentionAbout}</p>
      {policy?.algorithm === 'or' && <p class="note warn">{words().ofArtifacts}</p>}
      <RuleList drafts={drafts} onChange={setDrafts} />
      <ScheduleFields type="Custom" cron={settings?.cron ?? '0 0 3 * * *'} />
      {mayGuard && (
        <TextField
          name="share"
          type="number"
          label={words().shareField}
          hint={words().shareHint}
          value={project.metadata.retention_max_share ?? ''}
          min={0}
          max={100}
        />
      )}
      <TryRules projectId={project.project_id} rules={drafts.map(ruleOf)} />
    </FormDialog>
  )
}

/** The rules, to change, move, remove and add. */
function RuleList({ drafts, onChange }: { drafts: RuleDraft[]; onChange(drafts: RuleDraft[]): void }) {
  const change = (key: number, part: Partial<RuleDraft>) =>
    onChange(drafts.map((one) => (one.key === key ? { ...one, ...part } : one)))
  const move = (index: number, step: number) => {
    const next = [...drafts]
    const [moved] = next.splice(index, 1)
    next.splice(Math.max(0, index + step), 0, moved!)
    onChange(next)
  }
  return (
    <>
      {drafts.map((draft, index) => (
        <RuleFields
          key={draft.key}
          number={index + 1}
          draft={draft}
          onChange={(part) => change(draft.key, part)}
          onMove={(step) => move(index, step)}
          onDrop={() => onChange(drafts.filter((one) => one !== draft))}
        />
      ))}
      <div class="row">
        <Button icon="add" onClick={() => onChange([...drafts, draftOf(undefined)])}>
          {words().addRule}
        </Button>
      </div>
    </>
  )
}

/** Asks what the rules in the form would do. */
function TryRules({ projectId, rules }: { projectId: number; rules: Rule[] }) {
  const [found, setFound] = useState<{ preview: Preview; of: string } | undefined>(undefined)
  const asked = JSON.stringify(rules)
  const work = useAction(async () => {
    const policy = bodyOf(projectId, rules, '')
    const { body } = await send(previewRetention, { body: { project_id: projectId, policy, rows: 0 } })
    setFound({ preview: body, of: asked })
  })
  return (
    <div class="try-rules">
      <div class="row">
        <Button icon="search" isBusy={work.isRunning} onClick={() => void work.run()}>
          {words().tryIt}
        </Button>
        <span class="quiet-text">{words().tryHint}</span>
      </div>
      {work.error && <Problem error={work.error} />}
      {found?.of === asked && <PreviewTotals preview={found.preview} withChanges />}
    </div>
  )
}

const checkShare = ({ share = '' }: Values) =>
  share === '' || (Number(share) >= 0 && Number(share) <= 100) ? {} : { share: words().shareBad }

const bodyOf = (projectId: number, rules: Rule[], cron: string): Policy => ({
  algorithm: 'ordered',
  ordered_rules: rules,
  trigger: { kind: 'Schedule', settings: { cron } },
  scope: { level: 'project', ref: projectId },
})

async function save(
  project: Project,
  policy: Policy | undefined,
  rules: Rule[],
  values: Values,
  mayGuard: boolean,
): Promise<void> {
  if (rules.length === 0) throw new ApiError(400, undefined, words().atLeastOne)
  const body = bodyOf(project.project_id, rules, scheduleIn(values).cron)
  if (policy?.id === undefined) await send(createRetention, { body })
  else await send(updateRetention, { params: { id: policy.id }, body: { ...body, id: policy.id } })
  const { share = '' } = values
  if (mayGuard && share !== (project.metadata.retention_max_share ?? '')) {
    const metadata = { ...project.metadata, retention_max_share: share === '' ? '100' : share }
    await send(updateProject, { params: { project_name_or_id: project.name }, body: { metadata } })
  }
  forget(`/projects/${project.name}`, '/retentions')
  toast(words().policySaved)
}

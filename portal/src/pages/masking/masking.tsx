import { listAuditMaskings, maskAuditLog } from '../../../../api/audit.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { send } from '../../lib/api.ts'
import { useLive } from '../../lib/live.ts'
import { forget } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { showCount } from '../../lib/show.ts'
import { timeColumn } from '../../ui/columns.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { TextField } from '../../ui/form.tsx'
import type { Column } from '../../ui/grid.tsx'
import { ListPage } from '../../ui/list-page.tsx'
import { isGoingOn, RunState } from '../../ui/run.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

type Run = AnswerOf<typeof listAuditMaskings>[number]

const path = '/system/audit-masking'

/** The names of deleted accounts that were masked in the audit log, and masking another one. */
export default function Masking() {
  useLive(['executions'], path)
  return (
    <ListPage
      title={words().title}
      about={words().about}
      create={{
        label: words().mask,
        may: canInSystem('purge-audit', 'create'),
        dialog: (onClose) => <MaskName onClose={onClose} />,
      }}
      operation={listAuditMaskings}
      columns={columnsOf}
      keyOf={(one) => one.id}
      nameOf={(one) => factsOf(one).alias}
      rowActions={(one) => [
        { label: words().show, icon: 'activity', to: `/activity?who=${encodeURIComponent(factsOf(one).alias)}` },
      ]}
      none={{ icon: 'user', title: words().none, hint: words().noneHint, commands: 'marina audit mask <name>' }}
    />
  )
}

function MaskName({ onClose }: { onClose(): void }) {
  return (
    <FormDialog
      title={words().mask}
      action={words().mask}
      onClose={onClose}
      submit={async ({ username = '' }) => {
        await send(maskAuditLog, { body: { username } })
        forget(path)
        toast(words().begun)
      }}
    >
      <p class="note warn">{words().cannotUndo}</p>
      <TextField
        name="username"
        label={words().name}
        hint={words().nameHint}
        maxLength={255}
        autocomplete="off"
        isRequired
        autofocus
      />
    </FormDialog>
  )
}

type Facts = { alias: string; entries: number; note: string | undefined }

/** What the API tells of a run in its parameters, which are JSON. */
function factsOf({ job_parameters: text }: Run): Facts {
  const { alias, masked_entries: entries, note } = JSON.parse(text || '{}') as Record<string, unknown>
  return {
    alias: typeof alias === 'string' ? alias : '',
    entries: typeof entries === 'number' ? entries : 0,
    note: typeof note === 'string' ? note : undefined,
  }
}

const columnsOf = (): Column<Run>[] => [
  { name: 'alias', title: words().alias, cell: (one) => <code class="name">{factsOf(one).alias}</code> },
  { name: 'state', title: words().state, cell: ({ job_status: state }) => <RunState state={state} /> },
  { name: 'entries', title: words().entries, cell: (one) => <Masked run={one} /> },
  timeColumn('asked', words().asked, (one) => one.creation_time, { hideBelow: 'small' }),
  timeColumn('changed', words().changed, (one) => one.update_time, { hideBelow: 'medium' }),
]

function Masked({ run }: { run: Run }) {
  const { entries, note } = factsOf(run)
  if (note !== undefined && !isGoingOn(run.job_status)) return <span class="wrap-text">{words().foundNothing}</span>
  return showCount(entries)
}

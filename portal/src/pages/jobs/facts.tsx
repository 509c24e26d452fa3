import type { AnswerOf } from '../../../../api/operation.ts'
import { listParkedFacts, replayFacts } from '../../../../api/reactions.ts'
import { send } from '../../lib/api.ts'
import { forget, useApi } from '../../lib/query.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/form.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import type { Column } from '../../ui/grid.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { factWords } from './fact-words.ts'

type Parked = AnswerOf<typeof listParkedFacts>[number]
type OfReaction = { name: string; onClose(): void }

/** The most that one answer holds. */
const most = 100

/** The facts that a reaction refused too often, with the reason. */
export function ParkedFacts({ name, onClose }: OfReaction) {
  const found = useApi(listParkedFacts, { params: { reaction_name: name }, query: { after: 0, limit: most } })
  return (
    <Dialog title={factWords().parkedOf(name)} shape="wide" onClose={onClose}>
      {found.error && !found.data && <ErrorState error={found.error} onRetry={found.refresh} />}
      {found.data && (
        <PlainTable
          label={factWords().parkedOf(name)}
          columns={columnsOf()}
          rows={found.data}
          keyOf={({ fact }) => fact}
          empty={<p>{factWords().none}</p>}
        />
      )}
      {found.data?.length === most && <p class="quiet-text">{factWords().first}</p>}
    </Dialog>
  )
}

const columnsOf = (): Column<Parked>[] => [
  { name: 'fact', title: factWords().fact, isNumber: true, cell: ({ fact }) => fact },
  { name: 'kind', title: factWords().kind, cell: ({ topic }) => <code>{topic}</code> },
  { name: 'at', title: factWords().at, hideBelow: 'small', cell: ({ occurred_at: at }) => <TimeAgo at={at} /> },
  { name: 'trouble', title: factWords().trouble, cell: ({ trouble }) => <span class="wrap-text">{trouble}</span> },
  { name: 'since', title: factWords().since, hideBelow: 'medium', cell: ({ parked_at: at }) => <TimeAgo at={at} /> },
]

/** Lets a reaction read facts once more, after it is said what that does. */
export function ReplayFacts({ name, onClose }: OfReaction) {
  return (
    <FormDialog
      title={factWords().replayTitle(name)}
      action={factWords().replay}
      onClose={onClose}
      submit={async ({ from = '' }) => {
        await send(replayFacts, { params: { reaction_name: name }, body: { from_fact: Number(from) } })
        forget('/system/reactions')
        toast(factWords().replayed(name))
      }}
    >
      <p class="note warn">{factWords().replayHint}</p>
      <TextField
        name="from"
        type="number"
        label={factWords().from}
        hint={factWords().fromHint}
        min={1}
        step="1"
        isRequired
        autofocus
      />
    </FormDialog>
  )
}

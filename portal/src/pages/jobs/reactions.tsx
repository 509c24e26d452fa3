import { useState } from 'preact/hooks'
import type { AnswerOf } from '../../../../api/operation.ts'
import { listReactions, retryParkedFacts } from '../../../../api/reactions.ts'
import { send } from '../../lib/api.ts'
import { forget, useApi } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { showCount } from '../../lib/show.ts'
import { attempt } from '../../ui/attempt.ts'
import { Badge } from '../../ui/badge.tsx'
import type { Column } from '../../ui/grid.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { toast } from '../../ui/toasts.tsx'
import { factWords } from './fact-words.ts'
import { ParkedFacts, ReplayFacts } from './facts.tsx'
import { words } from './words.ts'

type Reaction = AnswerOf<typeof listReactions>[number]

/** How far each reaction has read the facts, and what it refuses. */
export function Reactions() {
  const [asked, setAsked] = useState<{ what: 'look' | 'replay'; name: string } | undefined>(undefined)
  const found = useApi(listReactions, {}, { everyMs: 5000 })
  if (found.error && !found.data) return <ErrorState error={found.error} onRetry={found.refresh} />
  const retry = async (name: string) => {
    const { body } = await send(retryParkedFacts, { params: { reaction_name: name } })
    forget('/system/reactions')
    toast(words().retried(body.taken, body.left), { isBad: body.left > 0 })
  }
  const mayChange = canInSystem('configuration', 'update') ? undefined : words().mayNot
  return (
    <>
      <p class="tab-about">{words().reactionsAbout}</p>
      <PlainTable
        label={words().reactions}
        columns={columnsOf()}
        rows={found.data ?? []}
        keyOf={(one) => one.name}
        rowActions={({ name, parked }) => [
          {
            label: factWords().look,
            icon: 'search',
            disabledBecause: parked === 0 ? factWords().none : undefined,
            run: () => setAsked({ what: 'look', name }),
          },
          {
            label: words().retryParked,
            icon: 'refresh',
            disabledBecause: mayChange ?? (parked === 0 ? words().fine : undefined),
            run: () => attempt(() => retry(name)),
          },
          {
            label: factWords().replay,
            icon: 'play',
            disabledBecause: mayChange,
            run: () => setAsked({ what: 'replay', name }),
          },
        ]}
      />
      {asked?.what === 'look' && <ParkedFacts name={asked.name} onClose={() => setAsked(undefined)} />}
      {asked?.what === 'replay' && <ReplayFacts name={asked.name} onClose={() => setAsked(undefined)} />}
    </>
  )
}

function columnsOf(): Column<Reaction>[] {
  return [
    { name: 'name', title: words().reaction, cell: ({ name }) => <span class="name">{name}</span> },
    {
      name: 'state',
      title: words().state,
      cell: ({ failures, parked, behind }) =>
        failures > 0 ? (
          <Badge tone="bad">{words().failed(failures)}</Badge>
        ) : parked > 0 ? (
          <Badge tone="warn">{words().parked}</Badge>
        ) : (
          behind === 0 && <Badge tone="good">{words().fine}</Badge>
        ),
    },
    { name: 'behind', title: words().behind, isNumber: true, cell: ({ behind }) => showCount(behind) },
    { name: 'parked', title: words().parked, isNumber: true, cell: ({ parked }) => showCount(parked) },
    { name: 'trouble', title: words().trouble, hideBelow: 'small', cell: ({ trouble }) => trouble ?? '–' },
  ]
}

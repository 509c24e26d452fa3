import type { AnswerOf } from '../../../../api/operation.ts'
import { endSession, listSessions } from '../../../../api/users.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { forget, useApi } from '../../lib/query.ts'
import { attempt } from '../../ui/attempt.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import type { Column } from '../../ui/grid.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

type Session = AnswerOf<typeof listSessions>[number]

/** The browsers in which the caller is signed in. */
export function Sessions() {
  const found = useApi(listSessions, {})
  return (
    <>
      <div class="section-head">
        <h2>{words().sessions}</h2>
      </div>
      <p class="tab-about">{words().sessionsHint}</p>
      {found.error && !found.data ? (
        <ErrorState error={found.error} onRetry={found.refresh} />
      ) : (
        <PlainTable label={words().sessions} columns={columnsOf()} rows={found.data ?? []} keyOf={({ id }) => id} />
      )}
    </>
  )
}

async function end({ id }: Session): Promise<void> {
  await send(endSession, { params: { session_id: id } })
  forget('/users/current/sessions')
  toast(words().ended)
}

/** `Firefox on Linux` out of what a browser says of itself. */
function browserOf({ user_agent: text = '' }: Session): string {
  const [, browser] = /(Edg|OPR|Firefox|HeadlessChrome|Chrome|Safari)\//.exec(text) ?? []
  const [, system] = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(text) ?? []
  const names: Record<string, string> = { Edg: 'Edge', OPR: 'Opera', HeadlessChrome: 'Chrome', 'Mac OS X': 'macOS' }
  const shown = [browser, system].flatMap((one) => (one === undefined ? [] : [names[one] ?? one]))
  return shown.join(' · ') || text.slice(0, 60) || words().unknown
}

function columnsOf(): Column<Session>[] {
  return [
    {
      name: 'browser',
      title: words().browser,
      cell: (one) => (
        <span class="row" title={one.user_agent}>
          {browserOf(one)} {one.current && <Badge tone="info">{words().here}</Badge>}
        </span>
      ),
    },
    { name: 'address', title: words().address, hideBelow: 'small', cell: ({ address }) => address ?? '–' },
    { name: 'began', title: words().began, cell: (one) => <TimeAgo at={one.creation_time} /> },
    { name: 'ends', title: words().ends, hideBelow: 'medium', cell: (one) => <TimeAgo at={one.end_time} /> },
    {
      name: 'end',
      title: common().actions,
      isNumber: true,
      cell: (one) =>
        !one.current && (
          <Button class="small" aria-label={words().endSession(browserOf(one))} onClick={() => attempt(() => end(one))}>
            {words().end}
          </Button>
        ),
    },
  ]
}

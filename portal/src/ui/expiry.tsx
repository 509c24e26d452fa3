import { secretWords } from '../i18n/secrets.ts'
import { now } from '../lib/clock.ts'
import { Badge } from './badge.tsx'
import { TimeAgo } from './time.tsx'

/** What ends within so many ms is about to, where the server does not say. */
const soonMs = 7 * 86_400_000

/** When a secret ends, marked when that is soon or past; `at` is undefined for one that never ends. */
export function Expiry({ at, isSoon }: { at: string | undefined; isSoon?: boolean | undefined }) {
  const words = secretWords()
  if (at === undefined) return <span class="quiet-text">{words.never}</span>
  const leftMs = Date.parse(at) - now.value
  return (
    <span class="with-icon">
      {leftMs < 0 && <Badge tone="bad">{words.expired}</Badge>}
      {leftMs >= 0 && (isSoon ?? leftMs < soonMs) && <Badge tone="warn">{words.soon}</Badge>}
      <TimeAgo at={at} />
    </span>
  )
}

/** When a secret was last used, in a cell. */
export function LastUsed({ at }: { at: string | undefined }) {
  return at === undefined ? <span class="quiet-text">{secretWords().neverUsed}</span> : <TimeAgo at={at} />
}

/** When a secret was last used, before somebody ends it. */
export function LastUse({ at }: { at: string | undefined }) {
  return (
    <p class="quiet-text">
      {secretWords().lastUse} <LastUsed at={at} />
    </p>
  )
}

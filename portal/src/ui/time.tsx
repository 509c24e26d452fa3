import { now } from '../lib/clock.ts'
import { showAgo, showTime } from '../lib/show.ts'

/** `3 hours ago`; the exact time, in the browser's zone and in UTC, in the title. `at` as the API writes times. */
export function TimeAgo({ at }: { at: string | undefined | null }) {
  const ms = Date.parse(at ?? '')
  // Harbor's API writes a time that was never as one of the year 1.
  if (Number.isNaN(ms) || ms < 0) return <span class="quiet-text">–</span>
  return (
    <time dateTime={at!} title={`${showTime(ms)} (${new Date(ms).toISOString()})`}>
      {showAgo(ms, now.value)}
    </time>
  )
}

import { cacheWords } from '../i18n/cache.ts'
import { Badge } from './badge.tsx'

/** Whether a cached registry answers, and whether it is asked. `status`: of its endpoint, as of the last check. */
export function UpstreamState({ status, isPaused }: { status: string; isPaused: boolean }) {
  return (
    <span class="row">
      {status === 'healthy' ? (
        <Badge tone="good">{cacheWords().healthy}</Badge>
      ) : (
        <Badge tone="bad">{cacheWords().unhealthy}</Badge>
      )}
      {isPaused && <Badge tone="warn">{cacheWords().paused}</Badge>}
    </span>
  )
}

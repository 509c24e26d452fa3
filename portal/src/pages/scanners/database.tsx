import { getVulndb } from '../../../../api/vulndb.ts'
import { useApi } from '../../lib/query.ts'
import { showCount } from '../../lib/show.ts'
import { Badge } from '../../ui/badge.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { databaseWords as words } from './database-words.ts'

const tones = { ok: 'good', stale: 'warn', none: 'bad' } as const

/** What Marina's own scanner knows of vulnerabilities, and how old that is. */
export function Database() {
  const { data } = useApi(getVulndb, {})
  if (!data) return null
  const state = data.state as keyof typeof tones
  const { current } = data
  return (
    <section class="card scan-all" aria-label={words().title}>
      <div class="card-head">
        <h2>{words().title}</h2>
        <Badge tone={tones[state] ?? 'plain'}>{words().states[state] ?? state}</Badge>
      </div>
      <p class="quiet-text">{words().hints[state]}</p>
      {current && (
        <dl class="facts">
          <dt>{words().newest}</dt>
          <dd>
            <TimeAgo at={current.data_at} />
          </dd>
          <dt>{words().imported}</dt>
          <dd>
            <TimeAgo at={current.imported_at} />
          </dd>
          <dt>{words().holds}</dt>
          <dd>
            {words().advisories(showCount(current.advisories), showCount(Object.keys(current.ecosystems).length))}
          </dd>
        </dl>
      )}
    </section>
  )
}

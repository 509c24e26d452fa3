import type { ComponentChildren } from 'preact'
import { listQuotas } from '../../../../api/quotas.ts'
import { listReactions } from '../../../../api/reactions.ts'
import { listReplicationExecutions } from '../../../../api/replication.ts'
import { projectPlace } from '../../lib/places.ts'
import { useApi } from '../../lib/query.ts'
import { canInSystem, user } from '../../lib/session.ts'
import { showShare } from '../../lib/show.ts'
import { Icon } from '../../ui/icon.tsx'
import { Link } from '../../ui/link.tsx'
import { words } from './words.ts'

/** A quota from this share on is shown. */
const nearlyFull = 0.9

type Matter = { key: string; text: ComponentChildren; hint?: string }

/** What a system administrator should look at; nothing for others, who cannot see or change it. */
export function Attention() {
  const isAdmin = user.value?.sysadmin_flag === true
  const matters = [...useQuotas(), ...useReplications(), ...useReactions(isAdmin)]
  if (matters.length === 0) return null
  return (
    <section class="attention note warn" aria-labelledby="attention">
      <Icon name="alert" />
      <div>
        <h2 id="attention">{words().attention}</h2>
        <ul>
          {matters.map(({ key, text, hint }) => (
            <li key={key}>
              {text} {hint !== undefined && <span class="quiet-text">{hint}</span>}
            </li>
          ))}
        </ul>
      </div>
    </section>
  )
}

function useQuotas(): Matter[] {
  const isOn = canInSystem('quota', 'list')
  const { data } = useApi(listQuotas, { query: { page_size: 100, sort: '-used.storage' } }, { isOn })
  return (data ?? []).flatMap(({ id, ref, hard, used }) => {
    const limit = hard['storage'] ?? -1
    const share = limit > 0 ? (used['storage'] ?? 0) / limit : 0
    const name = typeof ref['name'] === 'string' ? ref['name'] : String(id)
    if (share < nearlyFull) return []
    const text = <Link to={projectPlace(name)}>{words().quota(name, showShare(share))}</Link>
    return [{ key: `quota ${id}`, text, hint: words().quotaHint }]
  })
}

/** Policies whose newest run failed, among the newest runs of all. */
function useReplications(): Matter[] {
  const isOn = canInSystem('replication', 'list')
  const { data } = useApi(listReplicationExecutions, { query: { page_size: 50 } }, { isOn })
  const newest = new Map((data ?? []).toReversed().map((one) => [one.policy_id, one.status]))
  const failed = [...newest.values()].filter((status) => status === 'Failed').length
  if (failed === 0) return []
  return [{ key: 'replication', text: <Link to="/replication">{words().replications(failed)}</Link> }]
}

function useReactions(isOn: boolean): Matter[] {
  const { data } = useApi(listReactions, {}, { isOn })
  return (data ?? [])
    .filter(({ parked }) => parked > 0)
    .map(({ name, parked }) => ({ key: name, text: words().reactions(name, parked), hint: words().reactionsHint }))
}

import type { ComponentChildren } from 'preact'
import { countFailures } from '../../../../api/jobs.ts'
import { listQuotas } from '../../../../api/quotas.ts'
import { listReactions } from '../../../../api/reactions.ts'
import { listReplicationExecutions } from '../../../../api/replication.ts'
import { kindOf } from '../../i18n/jobs.ts'
import { language } from '../../i18n/language.ts'
import { projectPlace } from '../../lib/places.ts'
import { useApi } from '../../lib/query.ts'
import { canInSystem, isAdministrator, user } from '../../lib/session.ts'
import { showShare } from '../../lib/show.ts'
import { Icon } from '../../ui/icon.tsx'
import { Link } from '../../ui/link.tsx'
import { words } from './words.ts'

/** A quota from this share on is shown. */
const nearlyFull = 0.9

type Matter = { key: string; text: ComponentChildren; hint?: string }

/** What the caller should look at: their own password, and what their rights on the system let them see. */
export function Attention() {
  const isAdmin = isAdministrator.value
  const matters = [...ownPassword(), ...useQuotas(), ...useReplications(), ...useJobs(), ...useReactions(isAdmin)]
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

/** The password that Marina made at the first start, until somebody chooses another one. */
function ownPassword(): Matter[] {
  if (user.value?.has_generated_password !== true) return []
  const text = <Link to="/profile">{words().madePassword}</Link>
  return [{ key: 'password', text, hint: words().madePasswordHint }]
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

/** Kinds of jobs that failed within a week; replications have a line of their own. */
function useJobs(): Matter[] {
  const isOn = canInSystem('jobservice-monitor', 'list')
  const { data } = useApi(countFailures, {}, { isOn })
  const failed = (data ?? []).filter(({ vendor_type: type }) => type !== 'REPLICATION')
  if (failed.length === 0) return []
  const count = failed.reduce((sum, one) => sum + one.count, 0)
  const kinds = new Intl.ListFormat(language.value).format(failed.map((one) => kindOf(one.vendor_type)))
  return [{ key: 'jobs', text: <Link to="/jobs?tab=runs&state=Error">{words().jobs(count, kinds)}</Link> }]
}

function useReactions(isOn: boolean): Matter[] {
  const { data } = useApi(listReactions, {}, { isOn })
  return (data ?? [])
    .filter(({ parked }) => parked > 0)
    .map(({ name, parked }) => ({ key: name, text: words().reactions(name, parked), hint: words().reactionsHint }))
}

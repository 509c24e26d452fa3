import type { AnswerOf, BodyOf } from '../../../../api/operation.ts'
import { startReplication, updateReplicationPolicy, type getReplicationPolicy } from '../../../../api/replication.ts'
import { send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { Icon } from '../../ui/icon.tsx'
import { showCron } from '../../ui/schedule.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

export type Policy = AnswerOf<typeof getReplicationPolicy>
export type PolicyBody = BodyOf<typeof updateReplicationPolicy>

/** The other registry of a policy. */
export const endpointOf = ({ src_registry: source, dest_registry: target }: Policy) =>
  (source?.id ?? 0) > 0 ? source! : target!

/** Whether it copies from here to there. */
export const isPush = ({ src_registry: source }: Policy): boolean => (source?.id ?? 0) === 0

/** `this Marina → branch`. */
export function Way({ policy }: { policy: Policy }) {
  const here = <span class="quiet-text">{words().thisMarina}</span>
  const there = <span>{endpointOf(policy).name}</span>
  return (
    <span class="way">
      {isPush(policy) ? here : there} <Icon name="chevronRight" size={14} label="→" /> {isPush(policy) ? there : here}
    </span>
  )
}

/** The value of a filter as text; a filter by labels has a list. */
export function filterText({ filters }: Policy, type: string): string {
  const value = filters?.find((one) => one.type === type)?.value
  return Array.isArray(value) ? value.join(', ') : typeof value === 'string' ? value : ''
}

/** What the filters take, in one line. */
export function showFilters(policy: Policy): string {
  const parts = (policy.filters ?? []).map(({ type = '', decoration }) => {
    const text = filterText(policy, type)
    return `${decoration === 'excludes' ? '≠ ' : ''}${type === 'tag' ? `:${text}` : text}`
  })
  return parts.length === 0 ? words().everything : parts.join(' ')
}

/** When it runs, in words. */
export function showTrigger({ trigger }: Policy): string {
  if (trigger?.type === 'event_based') return words().byEvent
  if (trigger?.type !== 'scheduled') return words().byHand
  return showCron('Custom', trigger.trigger_settings?.cron)
}

/** Runs a policy now. */
export async function runPolicy(id: number, allowsDeletion = false): Promise<void> {
  await send(startReplication, { body: { policy_id: id, ...(allowsDeletion && { allow_deletion: true }) } })
  forget('/replication', '/jobservice')
  toast(words().started)
}

/** Switches a policy on or off: an update replaces all of it. */
export async function switchPolicy(policy: Policy, isOn: boolean): Promise<void> {
  await send(updateReplicationPolicy, { params: { id: policy.id! }, body: bodyOf({ ...policy, enabled: isOn }) })
  forget('/replication')
}

/** A policy as a request takes it: of its sides only their ids. */
function bodyOf(policy: Policy): PolicyBody {
  const endpoint = { id: endpointOf(policy).id! }
  const { src_registry: _source, dest_registry: _target, ...rest } = policy
  return { ...rest, ...(isPush(policy) ? { dest_registry: endpoint } : { src_registry: endpoint }) }
}

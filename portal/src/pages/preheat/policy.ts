import type { AnswerOf, BodyOf } from '../../../../api/operation.ts'
import { startPreheat, type listPreheatExecutions } from '../../../../api/preheat-runs.ts'
import { updatePreheatPolicy, type getPreheatPolicy } from '../../../../api/preheat.ts'
import { send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { fillPath } from '../../lib/routes.ts'
import { showCron } from '../../ui/schedule.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

export type Policy = AnswerOf<typeof getPreheatPolicy>
export type Run = AnswerOf<typeof listPreheatExecutions>[number]
export type PolicyBody = BodyOf<typeof updatePreheatPolicy>

/** What the API has as JSON in a text. */
type Filters = { type: string; value: unknown }[]
type Trigger = { type: string; trigger_setting?: { cron?: string } }
type Extra = { scope?: string; cluster_ids?: number[] }

const filtersOf = ({ filters }: Policy): Filters => parse<Filters>(filters, [])
export const triggerOf = ({ trigger }: Policy): Trigger => parse<Trigger>(trigger, { type: 'manual' })
export const extraOf = ({ extra_attrs: extra }: Policy): Extra => parse<Extra>(extra, {})

function parse<Value>(text: string | undefined, fallback: Value): Value {
  return text === undefined || text === '' ? fallback : (JSON.parse(text) as Value)
}

/** The value of a filter of this kind, if there is one. */
export const filterOf = (policy: Policy | undefined, type: string): unknown =>
  policy && filtersOf(policy).find((one) => one.type === type)?.value

/** What the filters take, in one line. */
export function showFilters(policy: Policy): string {
  const parts = filtersOf(policy).flatMap(({ type, value }) => {
    if (type === 'signature') return value === true ? [words().signed] : []
    if (type === 'vulnerability') return [words().belowWord(words().severities[Number(value)] ?? String(value))]
    const text = String(value)
    return text === '**' ? [] : [type === 'tag' ? `:${text}` : type === 'label' ? `#${text}` : text]
  })
  return parts.length === 0 ? words().everything : parts.join(' ')
}

/** When it runs, in words. */
export function showTrigger(policy: Policy): string {
  const { type, trigger_setting: setting } = triggerOf(policy)
  if (type === 'event_based') return words().byEvent
  return type === 'scheduled' ? showCron('Custom', setting?.cron) : words().byHand
}

export const policyPlace = (project: string, name: string): string =>
  fillPath('/p/:project/-/preheat/:policy', { project, policy: name })

export const paramsOf = (project: string, name: string) => ({ project_name: project, preheat_policy_name: name })

/** Asks again for all that is shown of the policies of a project. */
export const forgetPolicies = (project: string): void => forget(policiesPath(project))

export const policiesPath = (project: string): string => `/projects/${project}/preheat`

/** Runs a policy now. */
export async function runPolicy(project: string, name: string): Promise<void> {
  await send(startPreheat, { params: paramsOf(project, name), body: {} })
  forgetPolicies(project)
  toast(words().started)
}

/** Switches a policy on or off: an update replaces all of it. */
export async function switchPolicy(project: string, policy: Policy, isOn: boolean): Promise<void> {
  const params = paramsOf(project, policy.name ?? '')
  await send(updatePreheatPolicy, { params, body: { ...policy, enabled: isOn } })
  forgetPolicies(project)
}

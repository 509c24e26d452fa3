import { BadCron, checkCron } from '../../../platform/jobs/cron.ts'
import { nameProblem } from '../instances/rules.ts'
import type { Provider } from '../providers/provider.ts'
import { filtersProblem } from './filters.ts'
import type { ExtraAttrs, NewPolicy } from './policy.ts'

/** Why a policy cannot be saved, in Harbor's words where it has some; undefined when it can. */
export function policyProblem(policy: NewPolicy): string | undefined {
  const { name, description, filters, trigger, cron } = policy
  if (description.length > 1024 || description.includes('\0'))
    return 'description must have at most 1024 characters, without NUL'
  return nameProblem(name) ?? filtersProblem(filters) ?? (trigger === 'scheduled' ? cronProblem(cron) : undefined)
}

/** Why a policy cannot use a service of this kind. */
export function extraProblem(extra: ExtraAttrs | null, { id, scopes }: Provider): string | undefined {
  if (extra === null) return undefined
  const { scope, cluster_ids: clusters = [] } = extra
  if (scopes.length === 0 && (scope !== undefined || clusters.length > 0))
    return `extra_attrs: ${id} has neither scopes nor clusters`
  if (scope !== undefined && !scopes.includes(scope)) return `extra_attrs: scope must be one of ${scopes.join(', ')}`
  const isList = clusters.length <= 100 && clusters.every((one) => Number.isSafeInteger(one) && one > 0)
  return isList ? undefined : 'extra_attrs: cluster_ids must have at most 100 ids of clusters'
}

function cronProblem(cron: string): string | undefined {
  if (cron === '') return 'the cron string cannot be empty when the trigger type is scheduled'
  try {
    checkCron(cron)
    return undefined
  } catch (error) {
    if (error instanceof BadCron)
      return `invalid cron string for scheduled preheat: ${cron.slice(0, 100)}, error: ${error.message}`
    throw error
  }
}

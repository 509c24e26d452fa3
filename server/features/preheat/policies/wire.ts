import type { Static } from 'typebox'
import type * as api from '../../../../api/preheat.ts'
import { Failure } from '../../../platform/http/failure.ts'
import type { ExtraAttrs, Filter, NewPolicy, Policy, Trigger } from './policy.ts'

type Body = Static<typeof api.PreheatPolicy>

const bad = (message: string) => new Failure('BAD_REQUEST', message)

/** Reads a policy. Throws BAD_REQUEST where Harbor has an error without words. */
export function parsePolicy(body: Body): NewPolicy {
  const trigger = parseTrigger(body.trigger)
  return {
    name: body.name ?? '',
    description: body.description ?? '',
    instanceId: body.provider_id ?? 0,
    filters: parseFilters(body.filters),
    ...trigger,
    extraAttrs: parseExtra(body.extra_attrs),
    isEnabled: body.enabled ?? false,
  }
}

/** Reads `filters`. Throws BAD_REQUEST. */
export function parseFilters(text: string | undefined): Filter[] {
  const list = parseJson('filters', text)
  if (!Array.isArray(list)) throw bad('filters must be a list in JSON, such as [{"type":"repository","value":"**"}]')
  return list.map(parseFilter)
}

function parseFilter(given: unknown): Filter {
  const { type, value } = objectOf('a filter', given)
  const wrong = (form: string) => bad(`the value of the ${String(type)} filter must be ${form}`)
  switch (type) {
    case 'repository':
    case 'tag':
      if (typeof value !== 'string') throw wrong('a text')
      return { type, value }
    case 'label': {
      const names = typeof value === 'string' ? value.split(',').map((one) => one.trim()) : value
      if (!Array.isArray(names) || !names.every((one): one is string => typeof one === 'string')) throw wrong('a text')
      return { type, value: names.filter((one) => one !== '') }
    }
    case 'signature':
      if (typeof value !== 'boolean') throw wrong('true or false')
      return { type, value }
    case 'vulnerability': {
      // As in Harbor, also as text.
      const code = typeof value === 'string' && /^\d{1,2}$/.test(value) ? Number(value) : value
      if (typeof code !== 'number') throw wrong('a number')
      return { type, value: code }
    }
    default:
      throw bad('invalid filter type: it is repository, tag, label, signature or vulnerability')
  }
}

function parseTrigger(text: string | undefined): { trigger: Trigger; cron: string } {
  const { type, trigger_setting: setting } = objectOf('trigger', parseJson('trigger', text))
  if (type !== 'manual' && type !== 'scheduled' && type !== 'event_based')
    throw bad('invalid trigger type: it is manual, scheduled or event_based')
  if (type !== 'scheduled') return { trigger: type, cron: '' }
  const cron = setting === undefined ? '' : objectOf('trigger_setting', setting)['cron']
  if (cron !== undefined && typeof cron !== 'string') throw bad('cron must be a text')
  return { trigger: type, cron: cron ?? '' }
}

function parseExtra(text: string | undefined): ExtraAttrs | null {
  if (text === undefined || text === '') return null
  const { scope, cluster_ids: clusters, ...others } = objectOf('extra_attrs', parseJson('extra_attrs', text))
  const [unknown] = Object.keys(others)
  if (unknown !== undefined)
    throw bad(`extra_attrs has scope and cluster_ids, not ${JSON.stringify(unknown.slice(0, 60))}`)
  if (scope !== undefined && scope !== null && typeof scope !== 'string') throw bad('extra_attrs: scope must be a text')
  if (clusters !== undefined && clusters !== null && !Array.isArray(clusters))
    throw bad('extra_attrs: cluster_ids must be a list')
  const extra = {
    ...(typeof scope === 'string' && scope !== '' ? { scope } : {}),
    ...(Array.isArray(clusters) && clusters.length > 0 ? { cluster_ids: clusters as number[] } : {}),
  }
  return Object.keys(extra).length === 0 ? null : extra
}

function parseJson(field: string, text: string | undefined): unknown {
  if (text === undefined || text === '') throw bad(`${field} is missing`)
  if (text.length > 64 * 1024) throw bad(`${field} must have at most 65536 characters`)
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw bad(`${field} is not JSON`)
  }
}

function objectOf(field: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw bad(`${field} must be an object in JSON`)
  return value as Record<string, unknown>
}

export function presentPolicy(policy: Policy): Body {
  const { trigger, cron, extraAttrs, description } = policy
  return {
    id: policy.id,
    name: policy.name,
    ...(description === '' ? {} : { description }),
    project_id: policy.projectId,
    provider_id: policy.instanceId,
    provider_name: policy.instanceName,
    filters: JSON.stringify(policy.filters.map(presentFilter)),
    trigger: JSON.stringify({ type: trigger, trigger_setting: { cron } }),
    enabled: policy.isEnabled,
    ...(extraAttrs === null ? {} : { extra_attrs: JSON.stringify(extraAttrs) }),
    creation_time: policy.createdAt.toISOString(),
    update_time: policy.updatedAt.toISOString(),
  }
}

const presentFilter = ({ type, value }: Filter) => ({ type, value: Array.isArray(value) ? value.join(',') : value })

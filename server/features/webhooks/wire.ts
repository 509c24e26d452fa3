import type { Static } from 'typebox'
import type { WebhookPolicy, WebhookPolicyReq, WebhookTarget, WebhookTargetReq } from '../../../api/webhook-policies.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { EventType } from './events.ts'
import { limits, type NewPolicy, type NewTarget, type Policy, type Target } from './rules.ts'

type TargetReq = Static<typeof WebhookTargetReq>

/** Shown in place of a secret. A client that sends it back keeps the stored secret. */
export const mask = '******'

/**
 * The fields of a body. An id, a project or a creator in it has no effect (H17). Harbor's Go client leaves out an empty
 * description, so that an absent one is empty.
 */
export function parsePolicy(
  body: Static<typeof WebhookPolicyReq>,
): Partial<Omit<NewPolicy, 'eventTypes'>> & { eventTypes: string[] } {
  const {
    name,
    description = '',
    enabled,
    event_types: eventTypes = [],
    repository_filter: repositories,
    tag_filter: tags,
  } = body
  return {
    ...(name === undefined ? {} : { name }),
    description,
    ...(enabled === undefined ? {} : { isEnabled: enabled }),
    eventTypes: [...new Set(eventTypes)],
    ...(repositories === undefined ? {} : { repositories }),
    ...(tags === undefined ? {} : { tags }),
  }
}

/** A new target and the one that it replaces: the one with its id, otherwise with its type and address. */
export type Changed = { target: NewTarget; was: Target | undefined }

/**
 * Reads the targets of a body. As in Harbor, Harbor's fields are replaced; fields that only Marina has are kept when
 * they are absent, for clients that do not know them. A secret is kept only for the same server. `overlapMs`: how long
 * a replaced secret still signs.
 */
export function parseTargets(given: TargetReq[], known: Target[], overlapMs: number): Changed[] {
  const left = [...known]
  const take = (fits: (one: Target) => boolean) => {
    const at = left.findIndex(fits)
    return at < 0 ? undefined : left.splice(at, 1)[0]
  }
  const byId = given.map(({ id }) => (id === undefined ? undefined : take((one) => one.id === id)))
  return given.map((one, index) => {
    const was = byId[index] ?? take(({ type, address }) => type === one.type && address === one.address)
    return { target: parseTarget(one, was, overlapMs), was }
  })
}

function parseTarget(given: TargetReq, was: Target | undefined, overlapMs: number): NewTarget {
  const {
    type = '',
    address = '',
    payload_format: format = '',
    auth_header: authHeader = '',
    skip_cert_verify: skips = false,
  } = given
  const stays = was !== undefined && originOf(was.address) === originOf(address)
  const kept = (value: string, before: string | undefined, what: string): string => {
    if (value !== mask) return value
    if (before === undefined || !stays)
      throw new Failure(
        'BAD_REQUEST',
        `${what} is ${mask}, but there is none to keep, or it belongs to another address: send it again`,
      )
    return before
  }
  const headers = given.headers ?? (stays ? was.headers : {})
  return {
    type,
    address,
    format: format === '' && type === 'http' ? 'Default' : format,
    verifiesTls: !skips,
    template: given.template ?? was?.template ?? null,
    authHeader: kept(authHeader, was?.authHeader, 'auth_header'),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name.toLowerCase(),
        kept(value, was && ownValue(was.headers, name.toLowerCase()), `the header ${name.slice(0, 60)}`),
      ]),
    ),
    ...secretsOf(given.secret, stays ? was : undefined, overlapMs),
  }
}

const ownValue = (all: Record<string, string>, name: string) => (Object.hasOwn(all, name) ? all[name] : undefined)

/** `was` undefined: the target is new, or its address is on another server than before. */
function secretsOf(
  given: string | undefined,
  was: Target | undefined,
  overlapMs: number,
): Pick<NewTarget, 'secret' | 'before'> {
  if (was && (given === undefined || given === mask || given === was.secret))
    return { secret: was.secret, before: was.before }
  if (given === mask)
    throw new Failure(
      'BAD_REQUEST',
      `secret is ${mask}, but there is none to keep, or it belongs to another address: send it again`,
    )
  if (!was || was.secret === '' || given === '') return { secret: given ?? '', before: [] }
  const now = Date.now()
  const before = [
    { secret: was.secret, until: new Date(now + overlapMs).toISOString() },
    ...was.before.filter(({ secret, until }) => secret !== given && Date.parse(until) > now),
  ]
  return { secret: given!, before: before.slice(0, limits.secretsBefore) }
}

const originOf = (url: string) => (URL.canParse(url) ? new URL(url).origin : '')

/** The defaults of a new policy. */
export const newPolicy: NewPolicy = {
  name: '',
  description: '',
  isEnabled: true,
  eventTypes: [],
  repositories: '',
  tags: '',
}

export function presentPolicy(policy: Policy, targets: Target[]): Static<typeof WebhookPolicy> {
  return {
    id: policy.id,
    name: policy.name,
    description: policy.description,
    project_id: policy.projectId ?? 0,
    targets: targets.map(presentTarget),
    event_types: policy.eventTypes,
    creator: policy.creator,
    creation_time: policy.createdAt.toISOString(),
    update_time: policy.updatedAt.toISOString(),
    enabled: policy.isEnabled,
    repository_filter: policy.repositories,
    tag_filter: policy.tags,
  }
}

function presentTarget(target: Target): Static<typeof WebhookTarget> {
  const { id, type, address, format, authHeader, verifiesTls, headers, secret, before, template } = target
  const { paused, restsUntil } = target
  const now = new Date()
  const isResting = restsUntil !== null && restsUntil > now
  const last = before
    .map(({ until }) => until)
    .filter((until) => new Date(until) > now)
    .toSorted()
    .at(-1)
  return {
    type,
    address,
    skip_cert_verify: !verifiesTls,
    ...(authHeader === '' ? {} : { auth_header: mask }),
    ...(format === '' ? {} : { payload_format: format }),
    id,
    headers: Object.fromEntries(Object.keys(headers).map((name) => [name, mask])),
    ...(secret === '' ? {} : { secret: mask }),
    ...(last === undefined ? {} : { secret_before_until: last }),
    ...(template === null ? {} : { template }),
    paused: paused !== undefined,
    ...(paused ? { paused_since: paused.since.toISOString(), paused_reason: paused.why } : {}),
    ...(isResting ? { resting_until: restsUntil.toISOString() } : {}),
  }
}

export const eventTypesOf = (given: string[]) => given as EventType[]

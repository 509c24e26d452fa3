import { compileSelection, countStars, patternLimits, patternProblem, type Selector } from '../../catalog/selector.ts'
import { isCallable } from '../../platform/outbound/outbound.ts'
import { isEventType, type EventType } from './events.ts'
import { findSender, senders } from './senders/senders.ts'
import { BadTemplate, checkTemplate } from './template.ts'

/** A secret that was replaced, and still signs until `until`. */
export type Replaced = { secret: string; until: string }

/** The encrypted part of a target. `before`: replaced secrets, the latest first. */
export type Sealed = {
  address: string
  authHeader: string
  headers: Record<string, string>
  secret: string
  before: Replaced[]
}

/** A target: where deliveries go, and their format. */
export type NewTarget = Sealed & { type: string; format: string; verifiesTls: boolean; template: string | null }
/** `paused` undefined: not paused. */
export type Target = NewTarget & {
  id: number
  restsUntil: Date | null
  paused: { by: 'marina' | 'user'; since: Date; why: string } | undefined
}

export type NewPolicy = {
  name: string
  description: string
  isEnabled: boolean
  eventTypes: EventType[]
  /** Doublestar patterns; an empty one matches everything. */
  repositories: string
  tags: string
}
/** `projectId` null: a policy of the whole system. */
export type Policy = NewPolicy & {
  id: number
  projectId: number | null
  creator: string
  createdAt: Date
  updatedAt: Date
}

export const limits = {
  name: 255,
  description: 4096,
  targets: 10,
  address: 2048,
  header: 4096,
  headers: 20,
  secret: [16, 256],
  secretsBefore: 3,
} as const

/** Headers that HTTP or Marina sets; `authorization` has a field of its own. */
const ownHeaders = new RegExp(
  '^(?:host|connection|content-length|content-type|transfer-encoding|te|trailer|upgrade|keep-alive|expect|' +
    'proxy-.*|authorization|user-agent|marina-.*)$',
  'i',
)
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/

/** Why a policy is wrong, or undefined. */
export function policyProblem({
  name,
  description,
  eventTypes,
  repositories,
  tags,
}: Omit<NewPolicy, 'eventTypes'> & { eventTypes: string[] }): string | undefined {
  if (name.trim() === '' || name.length > limits.name) return `name needs 1 to ${limits.name} characters`
  if (description.length > limits.description) return `description has at most ${limits.description} characters`
  if (eventTypes.length === 0) return 'event_types is empty'
  const unknown = eventTypes.find((type) => !isEventType(type))
  if (unknown !== undefined) return `unsupported event type ${unknown.slice(0, 60)}`
  return filterProblem('repository_filter', repositories) ?? filterProblem('tag_filter', tags)
}

function filterProblem(where: string, pattern: string): string | undefined {
  const { length, stars } = patternLimits
  if (pattern.length > length) return `${where} has at most ${length} characters`
  if (countStars([pattern]) > stars) return `${where} has at most ${stars} stars`
  const problem = patternProblem(pattern)
  return problem && `${where}: ${problem}`
}

/** Why the targets of a policy are wrong, or undefined. The text holds no address and no secret. */
export function targetsProblem(targets: NewTarget[]): string | undefined {
  if (targets.length === 0) return 'targets is empty'
  if (targets.length > limits.targets) return `a policy has at most ${limits.targets} targets`
  for (const target of targets) {
    const problem = looksProblem(target) ?? addressProblem(target) ?? headersProblem(target)
    if (problem) return problem
  }
  return undefined
}

function looksProblem({ type, format, template }: NewTarget): string | undefined {
  const sender = findSender(type)
  if (!sender)
    return `unsupported target type ${type.slice(0, 60)}: known are ${senders.map((one) => one.type).join(', ')}`
  if (format !== '' && sender.formats.length === 0) return `payload_format cannot be set for a target of type ${type}`
  if (format !== '' && !sender.formats.includes(format))
    return `unsupported payload format ${format.slice(0, 60)}: known are ${sender.formats.join(', ')}`
  if (sender.needsTemplate !== (template !== null))
    return sender.needsTemplate
      ? `a target of type ${type} needs a template`
      : `a target of type ${type} takes no template`
  try {
    if (template !== null) checkTemplate(template)
    return undefined
  } catch (error) {
    if (error instanceof BadTemplate) return error.message
    throw error
  }
}

function addressProblem({ address }: NewTarget): string | undefined {
  if (address.length > limits.address) return `an address has at most ${limits.address} characters`
  return isCallable(address)
    ? undefined
    : 'an address is a URL that starts with http:// or https://, without a name and a password in it'
}

function headersProblem({ authHeader, headers, secret }: NewTarget): string | undefined {
  const entries = Object.entries(headers)
  const [least, most] = limits.secret
  if (secret !== '' && (secret.length < least || secret.length > most))
    return `a secret has ${least} to ${most} characters`
  if (entries.length > limits.headers) return `a target has at most ${limits.headers} headers`
  const bad = entries.find(([name]) => !headerName.test(name) || ownHeaders.test(name))
  if (bad) return `headers: ${JSON.stringify(bad[0].slice(0, 60))} cannot be set`
  if ([authHeader, ...Object.values(headers)].some((value) => value.length > limits.header || !headerValue.test(value)))
    return `the value of a header is one line of at most ${limits.header} characters`
  return undefined
}

/**
 * Compiles a policy's filters. Repositories are matched without the project's name, in a policy of the system with it.
 */
export function selectorOf({ repositories, tags }: Pick<NewPolicy, 'repositories' | 'tags'>): Selector {
  const choices = (pattern: string) => (pattern === '' ? [] : [{ pattern }])
  return compileSelection({ repositories: choices(repositories), tags: choices(tags) })
}

/** Times in ms. */
export type RetryRules = { tries: number; backOffMs: number; mostMs: number }

/**
 * The back-off after the `failed`th failure in a row: it doubles up to `mostMs`. `retryAfterMs`: the pause that the
 * receiver asked for, within the same bound.
 */
export function pauseAfter({ backOffMs, mostMs }: Omit<RetryRules, 'tries'>, failed: number, retryAfterMs = 0): number {
  return Math.min(Math.max(backOffMs * 2 ** Math.min(failed - 1, 30), retryAfterMs), mostMs)
}

/** The pause in a Retry-After header, in ms: it holds seconds or a date. Undefined when it holds neither. */
export function retryAfterMs(text: string | undefined, now: Date): number | undefined {
  if (text === undefined) return undefined
  if (/^\s*\d+\s*$/.test(text)) return Number(text) * 1000
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime())
}

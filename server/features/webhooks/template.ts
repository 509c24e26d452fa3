import type { HookEvent } from './events.ts'

/** A template that cannot be used; the message says why. */
export class BadTemplate extends Error {
  override name = 'BadTemplate'
}

type Json = string | number | boolean | null | undefined | Json[] | { [name: string]: Json }

/** `length` in characters; `depth` in levels of nested lists and objects; `wholeEvents`: uses of `{{event_data}}`. */
const limits = { length: 16_384, depth: 20, placeholders: 50, wholeEvents: 3 }

/** The value of each placeholder `{{name}}`. */
const placeholders: Record<string, (event: HookEvent) => Json> = {
  id: ({ id }) => id,
  type: ({ type }) => type,
  occur_at: ({ occurredAt }) => Math.floor(occurredAt.getTime() / 1000),
  time: ({ occurredAt }) => occurredAt.toISOString(),
  operator: ({ operator }) => operator,
  project: ({ data }) => data.repository?.namespace ?? data.retention?.project_name ?? '',
  repository: ({ data }) => data.repository?.repo_full_name ?? '',
  digest: ({ data }) => data.resources?.[0]?.digest ?? '',
  tag: ({ data }) => data.resources?.[0]?.tag ?? '',
  resource_url: ({ data }) => data.resources?.[0]?.resource_url ?? '',
  // It is plain JSON, though rules of retention have no type here.
  event_data: ({ data }) => data as Json,
}
/** Blanks around a name are trimmed afterwards: within this pattern they would make it backtrack in cubic time. */
const place = /\{\{([^{}]*)\}\}/g

/** Throws BadTemplate. A template is JSON whose strings may hold `{{name}}`. */
export function checkTemplate(text: string): void {
  if (text.length > limits.length) throw new BadTemplate(`the template has more than ${limits.length} characters`)
  let [count, wholeEvents] = [0, 0]
  walk(parse(text), (found) => {
    for (const [, inner = ''] of found.matchAll(place)) {
      const name = inner.trim()
      if (++count > limits.placeholders)
        throw new BadTemplate(`the template has more than ${limits.placeholders} placeholders`)
      if (!Object.hasOwn(placeholders, name))
        throw new BadTemplate(
          `the template holds {{${name.slice(0, 60)}}}; known are ${Object.keys(placeholders).join(', ')}`,
        )
      if (name === 'event_data' && ++wholeEvents > limits.wholeEvents)
        throw new BadTemplate(`the template holds {{event_data}} more than ${limits.wholeEvents} times`)
    }
    return found
  })
}

/**
 * Fills the event's values into a template. A string that is exactly one placeholder becomes the value itself, also a
 * number or an object; within a longer string it becomes text. No value can break out of its string.
 */
export function renderTemplate(text: string, event: HookEvent): string {
  const valueOf = (name: string) => placeholders[name.trim()]!(event)
  return JSON.stringify(
    walk(parse(text), (found) => {
      const [all, name] = [...found.matchAll(place)][0] ?? []
      if (name !== undefined && all === found) return valueOf(name)
      return found.replace(place, (_, one: string) => textOf(valueOf(one)))
    }),
  )
}

const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value))

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    throw new BadTemplate('the template is not JSON')
  }
}

/** Applies `onText` to every string of a JSON value, but not to the names of members. */
function walk(value: Json, onText: (text: string) => Json, depth = 0): Json {
  if (depth > limits.depth) throw new BadTemplate(`the template nests more than ${limits.depth} deep`)
  if (typeof value === 'string') return onText(value)
  if (Array.isArray(value)) return value.map((one) => walk(one, onText, depth + 1))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, walk(one, onText, depth + 1)]))
}

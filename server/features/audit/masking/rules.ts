import type { Actor, Topics } from '../../../catalog/topic.ts'
import type { Told } from '../../../platform/events/reaction.ts'
import { entryOf, type Entry } from '../rules.ts'

/** The name of an account that is gone, and what takes its place. */
export type Subject = { name: string; alias: string }

/** The part of an entry that can hold a name. */
export type Masked = Pick<Entry, 'by' | 'resource' | 'description' | 'details'>

/** Types of resources whose names are those of accounts. */
export const accountTypes = ['user', 'member']

/** Fields of a profile: what they hold says who somebody is, whatever it is. */
const profile = new Set(['email', 'realName', 'comment'])

/** Masks an entry: its actor, and all that it says of the account where it is about the account. */
export function maskEntry(entry: Masked & Pick<Entry, 'resourceType'>, to: Subject): Masked {
  const { by, resource, description, details } = entry
  // Of other resources only the actor is masked: a project may have the same name.
  const isAbout = isAboutAccount(entry, to)
  return {
    by: maskActor(by, to),
    resource: isAbout ? to.alias : resource,
    description: isAbout ? maskText(description, to) : description,
    details: isAbout ? maskFields(details, to) : details,
  }
}

const isAboutAccount = ({ resourceType, resource }: Pick<Entry, 'resourceType' | 'resource'>, { name }: Subject) =>
  accountTypes.includes(resourceType) && resource === name

/** Masks the payload of a fact as the entry that is made of it would be. */
export function maskPayload(topics: Topics, told: Told, to: Subject): Told['payload'] {
  const entry = entryOf(topics, told)
  const { by, ...rest } = told.payload
  return {
    ...(isAboutAccount(entry, to) ? maskFields(rest, to) : rest),
    ...(by === undefined ? {} : { by: maskActor(entry.by, to) }),
  }
}

function maskActor(by: Actor, { name, alias }: Subject): Actor {
  return by.kind === 'user' && by.name === name ? { ...by, name: alias } : by
}

/** Replaces the name where it stands alone: `ann` in `create user: ann`, not in `joanna` or `ann-2`. */
function maskText(text: string, { name, alias }: Subject): string {
  const isPart = (character: string | undefined) => character !== undefined && /[\p{L}\p{N}_.@-]/u.test(character)
  let [masked, from] = ['', 0]
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + name.length)) {
    const isAlone = !isPart(text[at - 1]) && !isPart(text[at + name.length])
    masked += text.slice(from, at) + (isAlone ? alias : name)
    from = at + name.length
  }
  return masked + text.slice(from)
}

function maskFields<Value>(value: Value, to: Subject): Value {
  const text = JSON.stringify(value, (key, field: unknown) => {
    if (typeof field !== 'string') return field
    if (field === to.name) return to.alias
    return profile.has(key) && field !== '' ? '***' : field
  })
  return JSON.parse(text) as Value
}

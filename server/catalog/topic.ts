import type { Fact } from '../platform/events/emit.ts'
import type { Told } from '../platform/events/reaction.ts'

/**
 * Who did something, as the audit log names them: an account, a robot, a workload by its issuer and subject, Marina
 * itself, a user of another registry, or unknown.
 */
export type Actor = {
  kind: 'user' | 'robot' | 'workload' | 'system' | 'external' | 'anonymous'
  id: number | null
  name: string
}

/** How the audit log words a fact; fields left out are derived from topic and payload (features/audit/rules.ts). */
type Wording<Payload> = {
  /** The type of the resource: `user`. */
  type?: string
  /** What was done with the resource: `update`. With the type it makes the event type: `update_user`. */
  operation?: string
  /** The name of the resource. */
  resource?: (of: Payload) => string
  /** A sentence for people. */
  description?: (of: Payload) => string
  /** The fact is that something failed or was refused. */
  isFailure?: true
}

type Json = Record<string, unknown>
type By = { by: Actor }

/** A topic whose payload is not known: for code that takes facts of all topics. */
export type AnyTopic = {
  /** `label.created`: a noun and what happened to it. */
  readonly topic: string
  /** To be used on facts of this topic only. */
  readonly wording: Wording<Json>
}

/** The kind of a fact. Called, it makes a fact to emit; `is` and `read` give a fact that was read back its type. */
export type Topic<Payload extends Json> = AnyTopic & {
  (payload: Payload, by: Actor): Fact
  /** Whether the fact is one of this topic. */
  is(fact: Told): fact is Told & { payload: Payload & By }
  /** What the fact says; undefined when it is of another topic. */
  read(fact: Told): (Payload & By) | undefined
}

/** All topics there are, by name. */
export type Topics = ReadonlyMap<string, AnyTopic>

/** Declares a topic. Its name is in the past tense and must not change: stored facts keep it. */
export function topic<Payload extends Json>(name: string, wording: Wording<Payload> = {}): Topic<Payload> {
  const is = (fact: Told): fact is Told & { payload: Payload & By } => fact.topic === name
  const make = (payload: Payload, by: Actor): Fact => ({ topic: name, payload: { ...payload, by } })
  const read = (fact: Told) => (is(fact) ? fact.payload : undefined)
  // Only `make` makes facts of this name, so each payload has the shape that the wording expects.
  return Object.assign(make, { topic: name, wording: wording as Wording<Json>, is, read })
}

/** The topics of several lists as one map. Throws Error when two have one name. */
export function topicsOf(...lists: Readonly<Record<string, AnyTopic>>[]): Topics {
  const all = lists.flatMap((list) => Object.values(list))
  const byName = new Map(all.map((one) => [one.topic, one]))
  const twice = all.find((one) => byName.get(one.topic) !== one)
  if (twice) throw new Error(`two topics are named ${twice.topic}`)
  return byName
}

/** The end of a sentence about something counted: `, 3 times`, or nothing for 1. */
export const times = (count: number): string => (count > 1 ? `, ${count} times` : '')

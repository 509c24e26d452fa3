import { isDeepStrictEqual } from 'node:util'
import type { NewPolicy, NewTarget, Policy, Target } from './rules.ts'
import type { Changed } from './wire.ts'

const fields: (keyof NewPolicy)[] = ['name', 'description', 'isEnabled', 'eventTypes', 'repositories', 'tags']
/** `before` goes with `secret`. */
const parts: Exclude<keyof NewTarget, 'before'>[] = ['type', 'address', 'format', 'verifiesTls', 'template', 'authHeader', 'headers', 'secret']

/** Names of what differs: fields, parts of targets as `targets.0.secret`, and targets that are new or gone as `targets.1`. No values. */
export function changesOf(was: Policy, is: Policy, known: Target[], changed: Changed[]): string[] {
  const ofPolicy = fields.filter((field) => !isDeepStrictEqual(was[field], is[field]))
  const gone = known.flatMap((one, index) => (changed.some((other) => other.was === one) ? [] : [`targets.${index}`]))
  return [...new Set([...ofPolicy, ...changed.flatMap((one, index) => changesOfTarget(one, index, known)), ...gone])]
}

function changesOfTarget({ target, was }: Changed, index: number, known: Target[]): string[] {
  if (!was) return [`targets.${index}`]
  const differing = parts.filter((part) => !isDeepStrictEqual(was[part], target[part]))
  return [...differing, ...(known.indexOf(was) === index ? [] : ['position'])].map((part) => `targets.${index}.${part}`)
}

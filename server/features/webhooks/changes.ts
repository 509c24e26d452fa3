import { differing } from '../../platform/events/differing.ts'
import type { NewTarget, Policy, Target } from './rules.ts'
import type { Changed } from './wire.ts'

/** Names of what differs: fields, parts of targets as `targets.0.secret`, and targets that are new or gone as `targets.1`. No values. */
export function changesOf(was: Policy, is: Policy, known: Target[], changed: Changed[]): string[] {
  const gone = known.flatMap((one, index) => (changed.some((other) => other.was === one) ? [] : [`targets.${index}`]))
  return [
    ...new Set([
      ...Object.keys(differing(was, is)),
      ...changed.flatMap((one, index) => changesOfTarget(one, index, known)),
      ...gone,
    ]),
  ]
}

function changesOfTarget({ target, was }: Changed, index: number, known: Target[]): string[] {
  if (!was) return [`targets.${index}`]
  // Secrets that were replaced before go with the secret.
  const { before: _, ...parts } = differing<NewTarget>(was, target)
  return [...Object.keys(parts), ...(known.indexOf(was) === index ? [] : ['position'])].map(
    (part) => `targets.${index}.${part}`,
  )
}

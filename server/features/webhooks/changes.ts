import { differing } from '../../platform/events/differing.ts'
import type { NewTarget, Policy, Target } from './rules.ts'
import type { Changed } from './wire.ts'

/**
 * The names of what a change changes, without values: fields, parts of targets (`targets.0.secret`), and targets that
 * are new or deleted (`targets.1`).
 */
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
  // The list of replaced secrets changes whenever the secret does: it is not named itself.
  const { before: _, ...parts } = differing<NewTarget>(was, target)
  return [...Object.keys(parts), ...(known.indexOf(was) === index ? [] : ['position'])].map(
    (part) => `targets.${index}.${part}`,
  )
}

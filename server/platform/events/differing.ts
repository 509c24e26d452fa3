import { isDeepStrictEqual } from 'node:util'

/** The given fields whose value differs from `before`: those that a fact names as changed. */
export function differing<Fields extends object>(before: Fields, given: Partial<Fields>): Partial<Fields> {
  const entries = Object.entries(given) as [keyof Fields, Fields[keyof Fields] | undefined][]
  return Object.fromEntries(
    entries.filter(([name, value]) => value !== undefined && !isDeepStrictEqual(before[name], value)),
  ) as Partial<Fields>
}

import { isDeepStrictEqual } from 'node:util'

/** Of what was given, the fields that are not as before: what a fact names as changed. What was not given is left out. */
export function differing<Fields extends object>(before: Fields, given: Partial<Fields>): Partial<Fields> {
  const entries = Object.entries(given) as [keyof Fields, Fields[keyof Fields] | undefined][]
  return Object.fromEntries(
    entries.filter(([name, value]) => value !== undefined && !isDeepStrictEqual(before[name], value)),
  ) as Partial<Fields>
}

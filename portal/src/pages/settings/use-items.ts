import { useState } from 'preact/hooks'
import type { AnyItem } from './items.ts'

export type Value = string | number | boolean
/** What the server says of the settings, by their names. */
type Now = Record<string, { value?: unknown; editable?: boolean } | undefined>
export type Change = { item: AnyItem; before: Value | undefined; after: Value }

export type Draft = {
  /** What was typed, or what the server has. */
  valueOf(name: string): Value | undefined
  /** What was typed; undefined for what was left alone. */
  typedOf(name: string): Value | undefined
  isFixed(name: string): boolean
  change(name: string, value: Value): void
  discard(): void
  /** Which of these items a save would change. */
  changesOf(items: readonly AnyItem[]): Change[]
}

/** Settings while they are edited. */
export function useItems(now: object): Draft {
  const known = now as Now
  const [typed, setTyped] = useState<Record<string, Value>>({})
  const before = (name: string) => known[name]?.value as Value | undefined
  return {
    valueOf: (name) => typed[name] ?? before(name),
    typedOf: (name) => typed[name],
    isFixed: (name) => known[name]?.editable === false,
    change: (name, value) => setTyped((all) => ({ ...all, [name]: value })),
    discard: () => setTyped({}),
    changesOf: (items) =>
      items.flatMap((item): Change[] => {
        const after = typed[item.name]
        const isSame = after === undefined || after === before(item.name) || (item.kind === 'secret' && after === '')
        return isSame ? [] : [{ item, before: before(item.name), after }]
      }),
  }
}

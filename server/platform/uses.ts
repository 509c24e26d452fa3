import { every } from './repeat.ts'

export type Uses = AsyncDisposable & {
  /** Notes in memory, without a write, that the row of this id has just been used. */
  note(id: number): void
  flush(): Promise<void>
}

/** Writes when rows were last used every `everyMs`, and once more when it is closed. */
export function openUses(
  save: (uses: [id: number, at: Date][]) => Promise<void>,
  everyMs: number,
  onError: (error: unknown) => void,
): Uses {
  const noted = new Map<number, Date>()
  const flush = async () => {
    if (noted.size === 0) return
    const batch = [...noted]
    await save(batch)
    for (const [id, at] of batch) if (noted.get(id) === at) noted.delete(id)
  }
  const timer = every(everyMs, flush, onError)
  return {
    note: (id) => void noted.set(id, new Date()),
    flush,
    async [Symbol.asyncDispose]() {
      await timer[Symbol.asyncDispose]()
      await flush().catch(onError)
    },
  }
}

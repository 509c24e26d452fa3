import type { Db } from '../db/db.ts'
import { listenTo } from '../db/listen.ts'

/**
 * The channel of NOTIFY for changes that are no facts, as they are many and soon old: a task's progress, a delivery's
 * try. A notification says only which row has changed; those who listen read it, once for many notifications.
 */
export const liveChannel = 'marina_live'

export type LiveKind = 'execution' | 'webhook'

/** The payload for these ids; PostgreSQL takes less than 8,000 bytes. Without ids: of any. */
export function livePayload(kind: LiveKind, ids: Iterable<number>): string {
  const text = [...new Set(ids)].join(',')
  return `${kind}:${text.length < 7900 ? text : ''}`
}

/** Ids that have changed; `any`: others may have, too. */
export type LiveChanges = { ids: number[]; any: boolean }

type LiveOptions = {
  db: Pick<Db, 'connect'>
  /** Called at most every `everyMs` for each kind, and for one kind not again before it has resolved. */
  onChanges(kind: LiveKind, changes: LiveChanges): Promise<void>
  onTrouble(error: unknown): void
  everyMs?: number
}

const kinds: readonly LiveKind[] = ['execution', 'webhook']

/** `ready` resolves once changes are heard; with the database away, when it is back. */
export type Live = AsyncDisposable & { ready: Promise<void> }

/** Listens to changes, and gathers those of a second. */
export function listenToLive(options: LiveOptions): Live {
  const first = Promise.withResolvers<void>()
  let isReady = false
  const gathered = new Map(kinds.map((kind) => [kind, gathering(kind, options)]))
  const hear = (payload: string) => {
    const [kind, ids = ''] = payload.split(':')
    if (payload !== '')
      return gathered.get(kind as LiveKind)?.add(ids === '' ? [] : ids.split(',').map(Number), ids === '')
    // After each connection; notifications may have been lost between two.
    if (isReady) for (const one of gathered.values()) one.add([], true)
    isReady = true
    first.resolve()
  }
  const listener = listenTo(options.db, liveChannel, hear, options.onTrouble)
  return {
    ready: first.promise,
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]()
      await Promise.all([...gathered.values()].map((one) => one.close()))
    },
  }
}

/** Hands over the changes of one kind: the first at once, and those of the following second together. */
function gathering(kind: LiveKind, { onChanges, onTrouble, everyMs = 1000 }: LiveOptions) {
  let [ids, any] = [new Set<number>(), false]
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let isClosed = false
  const run = async () => {
    const changes = { ids: [...ids], any }
    ;[ids, any] = [new Set(), false]
    try {
      await onChanges(kind, changes)
    } catch (error) {
      if (!isClosed) onTrouble(error)
    }
    if (!isClosed) timer = setTimeout(ready, everyMs)
  }
  const ready = () => {
    timer = running = undefined
    if (ids.size > 0 || any) running = run()
  }
  return {
    add(more: number[], anyMore: boolean) {
      if (isClosed) return
      for (const one of more) ids.add(one)
      any ||= anyMore
      if (!running && !timer) running = run()
    },
    async close() {
      isClosed = true
      clearTimeout(timer)
      await running
    },
  }
}

import { actorOf, anonymous, type Caller } from '../../registry/caller.ts'
import type { Db } from '../../platform/db/db.ts'
import { asking } from '../../platform/events/asking.ts'
import { emit, type Fact } from '../../platform/events/emit.ts'
import { facts } from './topics.ts'

export type Refusals = AsyncDisposable & {
  /** A name with a wrong password. */
  login(name: string): void
  /** Somebody known asked for a change that he may not make. */
  change(caller: Caller, what: string): void
}

type Noted = { count: number; address: string; requestId: string; fact(count: number, origin: { address: string; requestId: string }): Fact }

/** Different refusals kept between two flushes; what comes beyond is not written down. */
const capacity = 1000

/**
 * Gathers what was refused and writes it every `everyMs`: the same refusal of the same caller once, with its count, so that
 * whoever guesses passwords cannot fill the log as fast as he can ask.
 */
export function openRefusals(db: Db, everyMs: number, onError: (error: unknown) => void): Refusals {
  let noted = new Map<string, Noted>()
  const note = (key: string, fact: Noted['fact']) => {
    const { address = '', requestId = '' } = asking() ?? {}
    const known = noted.get(`${address}\n${key}`)
    if (known) known.count++
    else if (noted.size < capacity) noted.set(`${address}\n${key}`, { count: 1, address, requestId, fact })
  }
  const flush = async () => {
    if (noted.size === 0) return
    const batch = [...noted.values()]
    noted = new Map()
    await db.transaction((tx) => emit(tx, batch.map(({ fact, count, address, requestId }) => fact(count, { address, requestId })))).catch(onError)
  }
  let last = Promise.resolve()
  const timer = setInterval(() => {
    last = last.then(flush)
  }, everyMs)
  timer.unref()
  return {
    login: (given) => {
      const name = given.slice(0, 255).replaceAll('\0', '').toWellFormed()
      note(`login\n${name}`, (count, origin) => facts.loginFailed({ name, count, origin }, actorOf(anonymous)))
    },
    change: (caller, what) => note(`change\n${caller.kind}\n${caller.kind === 'anonymous' ? '' : caller.id}\n${what}`, (count, origin) => facts.changeRefused({ what, count, origin }, actorOf(caller))),
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await last
      await flush()
    },
  }
}

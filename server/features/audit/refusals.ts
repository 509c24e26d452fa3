import { actorOf, anonymous, type Caller } from '../../registry/caller.ts'
import type { Db, Queryable } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { asking } from '../../platform/events/asking.ts'
import { emit, type Fact } from '../../platform/events/emit.ts'
import { facts } from './topics.ts'

export type Refusals = AsyncDisposable & {
  /** A name with a wrong password. */
  login(name: string): void
  /** Somebody known asked for a change that he may not make; in the project of this name or id, where it was about one. */
  change(caller: Caller, what: string, project: string | undefined): void
}

type Noted = {
  count: number
  address: string
  requestId: string
  project: string | undefined
  fact(count: number, origin: { address: string; requestId: string }, projectId: number | undefined): Fact
}

/** Different refusals kept between two flushes; what comes beyond is not written down. */
const capacity = 1000

/**
 * Gathers what was refused and writes it every `everyMs`: the same refusal of the same caller once, with its count, so that
 * whoever guesses passwords cannot fill the log as fast as he can ask.
 */
export function openRefusals(db: Db, everyMs: number, onError: (error: unknown) => void): Refusals {
  let noted = new Map<string, Noted>()
  const note = (key: string, project: string | undefined, fact: Noted['fact']) => {
    const { address = '', requestId = '' } = asking() ?? {}
    const known = noted.get(`${address}\n${key}`)
    if (known) known.count++
    else if (noted.size < capacity) noted.set(`${address}\n${key}`, { count: 1, address, requestId, project, fact })
  }
  const flush = async () => {
    if (noted.size === 0) return
    const batch = [...noted.values()]
    noted = new Map()
    await db
      .transaction(async (tx) => {
        const projects = await idsOf(
          tx,
          batch.flatMap(({ project }) => project ?? []),
        )
        await emit(
          tx,
          batch.map(({ fact, count, address, requestId, project }) =>
            fact(count, { address, requestId }, project === undefined ? undefined : projects.get(project)),
          ),
        )
      })
      .catch(onError)
  }
  let last = Promise.resolve()
  const timer = setInterval(() => {
    last = last.then(flush)
  }, everyMs)
  timer.unref()
  return {
    login: (given) => {
      const name = given.slice(0, 255).replaceAll('\0', '').toWellFormed()
      note(`login\n${name}`, undefined, (count, origin) =>
        facts.loginFailed({ name, count, origin }, actorOf(anonymous)),
      )
    },
    change: (caller, what, project) =>
      note(
        `change\n${caller.kind}\n${caller.kind === 'anonymous' ? '' : caller.id}\n${what}`,
        project,
        (count, origin, projectId) =>
          facts.changeRefused(
            { what, count, origin, ...(projectId === undefined ? {} : { projectId }) },
            actorOf(caller),
          ),
      ),
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await last
      await flush()
    },
  }
}

/** By name or id as it was given; nothing for those that are not there. */
async function idsOf(db: Queryable, given: string[]): Promise<Map<string, number>> {
  if (given.length === 0) return new Map()
  const rows = await db.rows<{ given: string; id: number }>(sql`
    select given, project.id from unnest(${[...new Set(given)]}::text[]) as given join project on project.name = given or project.id = case when given ~ '^[0-9]{1,15}$' then given::bigint end`)
  return new Map(rows.map(({ given: text, id }) => [text, id]))
}

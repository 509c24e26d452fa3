import type { Actor } from '../../catalog/topics.ts'
import { actorOf, anonymous, type Caller } from '../../registry/caller.ts'
import type { Db, Queryable } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { asking } from '../../platform/events/asking.ts'
import { emit, type Fact } from '../../platform/events/emit.ts'
import { facts } from './topics.ts'

export type Refusals = AsyncDisposable & {
  /** Notes a login of this name with a wrong password. */
  login(name: string): void
  /** Notes a client certificate that was not accepted. */
  certificate(subject: string, why: string): void
  /** Notes a change that a signed-in caller may not make. `project`: the name or id of the project that it is about. */
  change(by: Caller | Actor, what: string, project: string | undefined): void
}

type Noted = {
  count: number
  address: string
  requestId: string
  project: string | undefined
  fact(count: number, origin: { address: string; requestId: string }, projectId: number | undefined): Fact
}

/** The most different refusals kept between two flushes; further ones are not written to the log. */
const capacity = 1000

/**
 * Counts refused requests and writes them as facts, one batch every `everyMs`: equal refusals of a caller are one fact
 * with their count, so that a client that guesses passwords cannot fill the log as fast as it can ask.
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
    certificate: (subject, why) => {
      const [name, reason] = [subject.slice(0, 255).toWellFormed(), why.slice(0, 1000).toWellFormed()]
      note(`certificate\n${name}\n${reason}`, undefined, (count, origin) =>
        facts.certificateRefused({ name, reason, count, origin }, actorOf(anonymous)),
      )
    },
    change: (by, what, project) =>
      note(
        `change\n${by.kind}\n${by.kind === 'anonymous' ? '' : by.id}\n${what}`,
        project,
        (count, origin, projectId) =>
          facts.changeRefused(
            { what, count, origin, ...(projectId === undefined ? {} : { projectId }) },
            // Who is an actor already is told by the same three fields.
            actorOf(by as Caller),
          ),
      ),
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await last
      await flush()
    },
  }
}

/** The ids of projects by the names or ids in `given`; projects that do not exist are left out. */
async function idsOf(db: Queryable, given: string[]): Promise<Map<string, number>> {
  if (given.length === 0) return new Map()
  const rows = await db.rows<{ given: string; id: number }>(sql`
    select given, project.id from unnest(${[...new Set(given)]}::text[]) as given join project
      on project.name = given or project.id = case when given ~ '^[0-9]{1,15}$' then given::bigint end`)
  return new Map(rows.map(({ given: text, id }) => [text, id]))
}

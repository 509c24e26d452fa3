import type { Db } from './db.ts'

/**
 * Throws where connections share sessions, as behind PgBouncer with pool_mode = transaction or statement: prepared
 * statements, LISTEN and the lock of migrations are of a session, and Marina would start and then fail.
 */
export async function checkSessions(db: Pick<Db, 'connect'>): Promise<void> {
  await using opened = new AsyncDisposableStack()
  const open = async () => opened.adopt(await db.connect(), (client) => client.end())
  const [one, other] = [await open(), await open()]
  const pidOf = async (client: typeof one) =>
    (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid
  const first = await pidOf(one)
  await other.query('begin').catch((error: unknown) => {
    throw new Error(sentence, { cause: error })
  })
  // Two sessions that live at the same time are two processes of PostgreSQL, and each stays the same.
  if ((await pidOf(other)) === first || (await pidOf(one)) !== first) throw new Error(sentence)
}

const sentence =
  'the address of the database leads to a pooler that shares sessions (PgBouncer with pool_mode = transaction ' +
  'or statement): ' +
  'set pool_mode = session for this database, or let MARINA_DATABASE_URL name PostgreSQL itself'

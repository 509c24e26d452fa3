import { ensureAdmin } from '../features/accounts/index.ts'
import { createProject } from '../features/projects/index.ts'
import { sql } from '../platform/db/sql.ts'
import { Failure } from '../platform/http/failure.ts'
import { ensureKey } from '../registry/keys.ts'
import type { Ground } from './ground.ts'

/**
 * Fills an empty database with a signing key, the administrator and the project library; idempotent. Returns the
 * administrator's password if this call generated it.
 */
export async function firstStart({ db, config, secrets }: Ground): Promise<string | undefined> {
  await ensureKey(db, secrets)
  const password = await ensureAdmin(db, config.server.adminPassword)
  // The project library is made once: an administrator who deletes it does not get it back at the next start.
  if (
    (await db.run(sql`insert into installation (name, value) values ('library', 'made') on conflict do nothing`)) === 0
  )
    return password
  const admin = await db.row<{ id: number; name: string }>(
    sql`select id, name from account where is_admin order by id limit 1`,
  )
  await createProject(db, { kind: 'user', ...admin! }, { name: 'library', isPublic: true }).catch((error: unknown) => {
    if (!(error instanceof Failure) || error.code !== 'CONFLICT') throw error
  })
  return password
}

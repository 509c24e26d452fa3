import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'

/** The database was written by a newer program, or an applied migration was altered since. */
export class SchemaMismatch extends Error {
  override name = 'SchemaMismatch'
}

type Migration = { name: string; text: string; checksum: string }

/** A number that no other program on the database is likely to use: 'marina' read as base 36. */
const migrationLock = 1362889918

/**
 * Applies the .sql files of `folder` in the order of their names, each once and in its own transaction. Of several
 * processes one does so, while the others wait (an advisory lock). Forward only. Returns the names applied now. When a
 * process is killed half-way, the next start goes on after the last whole migration.
 */
export async function migrate(client: pg.Client, folder: string): Promise<string[]> {
  const migrations = await readMigrations(folder)
  // A migration of many rows, and the wait for another process that runs one, take as long as they take.
  await client.query('set statement_timeout = 0; set lock_timeout = 0')
  await client.query(`select pg_advisory_lock(${migrationLock})`)
  await client.query('reset lock_timeout')
  try {
    await client.query(`create table if not exists migration (
      name text primary key, checksum text not null, applied_at timestamptz not null default now())`)
    const { rows } = await client.query<{ name: string; checksum: string }>('select name, checksum from migration')
    const applied = new Map(rows.map((row) => [row.name, row.checksum]))
    refuseStrangers(applied, migrations)
    const missing = migrations.filter(({ name }) => !applied.has(name))
    for (const migration of missing) await apply(client, migration)
    return missing.map(({ name }) => name)
  } finally {
    await client.query(`select pg_advisory_unlock(${migrationLock})`)
  }
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}-[a-z0-9-]+\.sql$/.test(name)).sort()
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(folder, name), 'utf8')
      return { name, text, checksum: createHash('sha256').update(text).digest('hex') }
    }),
  )
}

function refuseStrangers(applied: Map<string, string>, migrations: Migration[]) {
  const own = new Map(migrations.map(({ name, checksum }) => [name, checksum]))
  for (const [name, checksum] of applied) {
    if (!own.has(name)) {
      throw new SchemaMismatch(
        `the database has migration ${name}, which this version of Marina does not know: ` +
          'start the newer version, or restore a backup from before the upgrade',
      )
    }
    if (own.get(name) !== checksum)
      throw new SchemaMismatch(
        `migration ${name} was changed after it was applied: undo the change, and add a new migration instead`,
      )
  }
}

async function apply(client: pg.Client, { name, text, checksum }: Migration) {
  await client.query('begin')
  try {
    await client.query(text)
    await client.query('insert into migration (name, checksum) values ($1, $2)', [name, checksum])
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw new Error(
      `migration ${name} failed and was rolled back: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    )
  }
}

import type { Queryable, Tx } from '../../platform/db/db.ts'
import { keyOf } from '../../platform/cache/keys.ts'
import { sql } from '../../platform/db/sql.ts'

/** One cache key for all items: they are few, read together and seldom changed. */
export const settingsKey = keyOf('settings', 'scope')('system')

/** Every item that was ever changed. Values are JSON, encrypted for secrets. */
export function listStored(db: Queryable): Promise<{ name: string; value: string }[]> {
  return db.rows(sql`select name, value from configuration`)
}

export async function saveStored(tx: Tx, rows: { name: string; value: string }[]): Promise<void> {
  tx.changes(settingsKey)
  const [names, values] = [rows.map(({ name }) => name), rows.map(({ value }) => value)]
  await tx.run(sql`
    insert into configuration (name, value)
    select name, value from unnest(${names}::text[], ${values}::text[]) as one (name, value) order by name
    on conflict (name) do update set value = excluded.value, updated_at = now()`)
}

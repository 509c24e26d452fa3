import type { Reader } from '../../catalog/reader.ts'
import type { Db, Queryable } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import type { UntagGates } from '../../registry/gate.ts'
import type { DropCount } from './dropped.ts'

/** What runs work with. `drops` counts what they delete, for the metrics. */
export type Ground = Reader & { db: Db; gates: UntagGates; drops: Pick<DropCount, 'add'> }

/** A task's repository: its id, its name, and the name without its project's. */
export type RepositoryParams = { repositoryId: number; repository: string; short: string }

/** The database's time: those of pushes and pulls come from it. */
export async function nowOf(db: Queryable): Promise<Date> {
  return (await db.row<{ now: Date }>(sql`select clock_timestamp() as now`))!.now
}

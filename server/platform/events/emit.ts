import type { Tx } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import { asking, type Asking } from './asking.ts'

/** A fact: the name of its topic and its payload as plain JSON. */
export type Fact = { topic: string; payload: Record<string, unknown> }

/** The subject that a commit with facts tells its own process, so that the dispatcher looks at once; see Db.onTold. */
export const factsWritten = 'facts'

/**
 * Writes facts to the outbox, in the transaction that makes them true: both are committed or neither is. The current
 * request is written with them (asking.ts). The dispatcher hands them to each reaction at least once.
 */
export async function emit(tx: Tx, facts: Fact[]): Promise<void> {
  const asked = asking()
  await emitOf(
    tx,
    facts.map((fact) => ({ fact, asked })),
  )
}

/** As `emit`, for facts of several requests that share a transaction. */
export async function emitOf(tx: Tx, all: { fact: Fact; asked: Asking | undefined }[]): Promise<void> {
  if (all.length === 0) return
  await tx.run(sql`
    insert into outbox (topic, payload, address, request_id) select topic, payload::jsonb, address, request_id
    from unnest(
      ${all.map(({ fact }) => fact.topic)}::text[],
      ${all.map(({ fact }) => JSON.stringify(fact.payload))}::text[],
      ${all.map(({ asked }) => asked?.address)}::text[],
      ${all.map(({ asked }) => asked?.requestId)}::text[])
      with ordinality as fact (topic, payload, address, request_id, place) order by place`)
  tx.tells(factsWritten)
}

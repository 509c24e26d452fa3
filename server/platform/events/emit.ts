import type { Queryable } from '../db/db.ts'
import { sql } from '../db/sql.ts'

/** A fact: the name of its topic and what there is to know of it, as plain JSON. */
export type Fact = { topic: string; payload: Record<string, unknown> }

/**
 * Writes facts to the outbox, in the transaction that makes them true: either both stay or neither does. Whoever wants to
 * know reads the outbox, at least once and in the order of its ids.
 */
export async function emit(tx: Queryable, facts: Fact[]): Promise<void> {
  if (facts.length === 0) return
  const topics = facts.map(({ topic }) => topic)
  const payloads = facts.map(({ payload }) => JSON.stringify(payload))
  await tx.run(sql`insert into outbox (topic, payload) select topic, payload::jsonb from unnest(${topics}::text[], ${payloads}::text[]) with ordinality as fact (topic, payload, place) order by place`)
}

import type { Tx } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import { asking } from './asking.ts'

/** A fact: the name of its topic and its payload as plain JSON. */
export type Fact = { topic: string; payload: Record<string, unknown> }

/** The subject that a commit with facts tells its own process, so that the dispatcher looks at once; see Db.onTold. */
export const factsWritten = 'facts'

/**
 * Writes facts to the outbox, in the transaction that makes them true: both are committed or neither is. The current
 * request is written with them (asking.ts). The dispatcher hands them to each reaction at least once.
 */
export async function emit(tx: Tx, facts: Fact[]): Promise<void> {
  if (facts.length === 0) return
  const topics = facts.map(({ topic }) => topic)
  const payloads = facts.map(({ payload }) => JSON.stringify(payload))
  const { address = null, requestId = null } = asking() ?? {}
  await tx.run(sql`
    insert into outbox (topic, payload, address, request_id) select topic, payload::jsonb, ${address}, ${requestId}
    from unnest(${topics}::text[], ${payloads}::text[]) with ordinality as fact (topic, payload, place) order by place`)
  tx.tells(factsWritten)
}

import { Type } from 'typebox'

/** How far one of those who react to facts has come. Marina's own; Harbor has nothing like it. */
export const Reaction = Type.Object({
  name: Type.String(),
  behind: Type.Integer({ description: 'facts it has not been told yet; counted to 1000' }),
  parked: Type.Integer({ description: 'facts laid aside because it refused them too often' }),
  failures: Type.Integer({ description: 'how often it refused the fact at hand' }),
  moved_at: Type.String({ format: 'date-time' }),
  failing_fact: Type.Optional(Type.Integer()),
  trouble: Type.Optional(Type.String()),
  retry_at: Type.Optional(Type.String({ format: 'date-time' })),
})

export const ParkedFact = Type.Object({
  fact: Type.Integer(), topic: Type.String(), occurred_at: Type.String({ format: 'date-time' }), trouble: Type.String(), parked_at: Type.String({ format: 'date-time' }),
})

export const ParkedRetried = Type.Object({ taken: Type.Integer(), left: Type.Integer() })
export const ReplayFrom = Type.Object({ from_fact: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'id of the first fact to be told again' }) })

import { Type } from './type.ts'
import { operation } from './operation.ts'
import { says } from './requests.ts'

/** How far a reaction has read the facts. Marina's own: Harbor has nothing like it. */
export const Reaction = Type.Object({
  name: Type.String(),
  behind: Type.Integer({ description: 'facts that it has not read yet; counted up to 1000' }),
  parked: Type.Integer({ description: 'facts that are parked because it refused them too often' }),
  failures: Type.Integer({ description: 'how often it refused the fact that it is at' }),
  moved_at: Type.String({ format: 'date-time' }),
  failing_fact: Type.Optional(Type.Integer()),
  trouble: Type.Optional(Type.String()),
  retry_at: Type.Optional(Type.String({ format: 'date-time' })),
})

export const ParkedFact = Type.Object({
  fact: Type.Integer(),
  topic: Type.String(),
  occurred_at: Type.String({ format: 'date-time' }),
  trouble: Type.String(),
  parked_at: Type.String({ format: 'date-time' }),
})

export const ParkedRetried = Type.Object({ taken: Type.Integer(), left: Type.Integer() })

export const ReplayFrom = Type.Object({
  from_fact: Type.Integer({
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'id of the first fact to be replayed',
  }),
})

const tag = 'reactions'
const path = '/system/reactions'
const params = Type.Object({
  reaction_name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,62}$', ...says('the name of a reaction') }),
})

export const listReactions = operation({
  id: 'listReactions',
  tag,
  method: 'GET',
  path,
  summary: 'List the reactions, and how far each has read the facts',
  status: 200,
  answer: Type.Array(Reaction),
})

export const listParkedFacts = operation({
  id: 'listParkedFacts',
  tag,
  method: 'GET',
  path: `${path}/{reaction_name}/parked`,
  summary: 'List the parked facts of a reaction, which refused them too often, the oldest first',
  params,
  query: Type.Object({
    after: Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      default: 0,
      description: 'only facts with a higher id than this',
    }),
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 100 }),
  }),
  status: 200,
  answer: Type.Array(ParkedFact),
})

export const retryParkedFacts = operation({
  id: 'retryParkedFacts',
  tag,
  method: 'POST',
  path: `${path}/{reaction_name}/parked`,
  summary: 'Retry the parked facts of a reaction',
  params,
  status: 200,
  answer: ParkedRetried,
})

export const replayFacts = operation({
  id: 'replayFacts',
  tag,
  method: 'POST',
  path: `${path}/{reaction_name}/replay`,
  summary: 'Replay to a reaction all facts from one on, as far as they are kept',
  params,
  body: ReplayFrom,
  status: 200,
})

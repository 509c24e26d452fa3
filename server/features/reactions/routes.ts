import { Type } from 'typebox'
import { ParkedFact, ParkedRetried, Reaction, ReplayFrom } from '../../../api/reactions.ts'
import type { Db } from '../../platform/db/db.ts'
import type { Dispatcher } from '../../platform/events/dispatcher.ts'
import { emit } from '../../platform/events/emit.ts'
import { listParked, replay, type Standing } from '../../platform/events/places.ts'
import { Failure } from '../../platform/http/failure.ts'
import { actorOf } from '../../registry/caller.ts'
import { route } from '../access/index.ts'
import { facts } from './topics.ts'

const tag = 'reactions'
const path = '/system/reactions'
const params = Type.Object({ reaction_name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,62}$' }) })
const read = { system: 'configuration', verb: 'read' } as const
const change = { system: 'configuration', verb: 'update' } as const

/** For system administrators: who reacts to facts, how far each has come, and what it could not take. */
export function reactionRoutes(db: Db, dispatcher: () => Dispatcher) {
  const known = (name: string) => {
    if (!dispatcher().names.includes(name)) throw new Failure('NOT_FOUND', `nobody named ${name} reacts to facts`)
    return name
  }

  return [
    route({
      id: 'listReactions', tag, method: 'GET', path, access: read, summary: 'List who reacts to facts, and how far each has come',
      schema: { answers: { 200: Type.Array(Reaction) } },
      handler: async () => ({ status: 200, body: (await dispatcher().standings()).map(present) }),
    }),
    route({
      id: 'listParkedFacts', tag, method: 'GET', path: `${path}/{reaction_name}/parked`, access: read, summary: 'List the facts that it refused too often, the oldest first',
      schema: { params, query: Type.Object({ after: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 0, description: 'those beyond this fact' }), limit: Type.Integer({ minimum: 1, maximum: 100, default: 100 }) }), answers: { 200: Type.Array(ParkedFact) } },
      async handler({ params: { reaction_name: name }, query: { after, limit } }) {
        const parked = await listParked(db, known(name), after, limit)
        return { status: 200, body: parked.map(({ id, topic, occurredAt, trouble, parkedAt }) => ({ fact: id, topic, occurred_at: occurredAt.toISOString(), trouble, parked_at: parkedAt.toISOString() })) }
      },
    }),
    route({
      id: 'retryParkedFacts', tag, method: 'POST', path: `${path}/{reaction_name}/parked`, access: change, summary: 'Hand it its parked facts once more',
      schema: { params, answers: { 200: ParkedRetried } },
      async handler({ params: { reaction_name: name }, caller }) {
        const outcome = await dispatcher().retryParked(known(name))
        await db.transaction((tx) => emit(tx, [facts.reactionRetried({ name, ...outcome }, actorOf(caller))]))
        return { status: 200, body: outcome }
      },
    }),
    route({
      id: 'replayFacts', tag, method: 'POST', path: `${path}/{reaction_name}/replay`, access: change, summary: 'Tell it all facts from one on again, as far as they are kept',
      schema: { params, body: ReplayFrom, answers: { 200: null } },
      async handler({ params: { reaction_name: name }, body: { from_fact: fromFact }, caller }) {
        await db.transaction(async (tx) => {
          await replay(tx, known(name), fromFact)
          await emit(tx, [facts.reactionReplayed({ name, fromFact }, actorOf(caller))])
        })
        return { status: 200 }
      },
    }),
  ]
}

function present({ handler, behind, parked, failures, movedAt, failingId, trouble, retryAt }: Standing) {
  return {
    name: handler, behind, parked, failures, moved_at: movedAt.toISOString(),
    ...(failingId === null ? {} : { failing_fact: failingId }), ...(trouble === null ? {} : { trouble }), ...(retryAt === null ? {} : { retry_at: retryAt.toISOString() }),
  }
}

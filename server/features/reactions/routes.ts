import type { Static } from 'typebox'
import * as api from '../../../api/reactions.ts'
import type { Db } from '../../platform/db/db.ts'
import type { Dispatcher } from '../../platform/events/dispatcher.ts'
import { emit } from '../../platform/events/emit.ts'
import { listParked, replay, type Parked, type Standing } from '../../platform/events/places.ts'
import { Failure } from '../../platform/http/failure.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type ApiRoute } from '../access/index.ts'
import { facts } from './topics.ts'

const read = { system: 'configuration', verb: 'read' } as const
const change = { system: 'configuration', verb: 'update' } as const

/** For system administrators: all reactions, how far each has come in the outbox, and its parked facts. */
export function reactionRoutes(db: Db, dispatcher: () => Dispatcher): ApiRoute[] {
  return [
    route(api.listReactions, read, async () => (await dispatcher().standings()).map(presentReaction)),
    route(api.listParkedFacts, read, async ({ params, query: { after, limit } }) =>
      (await listParked(db, known(params.reaction_name), after, limit)).map(presentParked),
    ),
    route(api.retryParkedFacts, change, async ({ params: { reaction_name: name }, caller }) => {
      const outcome = await dispatcher().retryParked(known(name))
      await db.transaction((tx) => emit(tx, [facts.reactionRetried({ name, ...outcome }, actorOf(caller))]))
      return outcome
    }),
    route(api.replayFacts, change, ({ params: { reaction_name: name }, body: { from_fact: fromFact }, caller }) =>
      db.transaction(async (tx) => {
        await replay(tx, known(name), fromFact)
        await emit(tx, [facts.reactionReplayed({ name, fromFact }, actorOf(caller))])
      }),
    ),
  ]

  function known(name: string): string {
    if (!dispatcher().names.includes(name)) throw new Failure('NOT_FOUND', `nobody named ${name} reacts to facts`)
    return name
  }
}

function presentReaction(standing: Standing): Static<typeof api.Reaction> {
  const { handler, behind, parked, failures, movedAt, failingId, trouble, retryAt } = standing
  return {
    name: handler,
    behind,
    parked,
    failures,
    moved_at: movedAt.toISOString(),
    ...(failingId === null ? {} : { failing_fact: failingId }),
    ...(trouble === null ? {} : { trouble }),
    ...(retryAt === null ? {} : { retry_at: retryAt.toISOString() }),
  }
}

function presentParked({ id, topic, occurredAt, trouble, parkedAt }: Parked): Static<typeof api.ParkedFact> {
  return { fact: id, topic, occurred_at: occurredAt.toISOString(), trouble, parked_at: parkedAt.toISOString() }
}

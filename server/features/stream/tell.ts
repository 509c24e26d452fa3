import type { StreamedFact, StreamTopic } from '../../../api/events.ts'
import { findProjectsById, type Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Told } from '../../platform/events/reaction.ts'
import { findRights, type Rights } from '../access/index.ts'
import { eventText, type Client } from './client.ts'
import { mayKnow, needsOfDeliveries, needsOfExecution, projectIdOf, repositoryOf, shown, shownData } from './shown.ts'
import type { Progress } from './store.ts'

/** An event for those whom `mayKnow` allows it. `text` is made once for all clients. */
type Event = { topic: StreamTopic; projectId: number | null; mayKnow(rights: Rights): boolean; text: string }

/** The projects of events, from the cache. */
async function projectsOf(reader: Reader, ids: (number | null)[]): Promise<(id: number | null) => Project | undefined> {
  const found = await findProjectsById(reader, [...new Set(ids.flatMap((id) => (id === null ? [] : id)))])
  return (id) => (id === null ? undefined : found.get(id))
}

export async function eventsOfFacts(reader: Reader, facts: Told[]): Promise<Event[]> {
  const told = facts.filter(({ topic }) => topic in shown)
  const projectOf = await projectsOf(reader, told.map(projectIdOf))
  return told.map((fact) => {
    const { topic, needs } = shown[fact.topic]!
    const projectId = projectIdOf(fact)
    const data: StreamedFact = {
      id: fact.id,
      fact: fact.topic,
      at: fact.occurredAt.toISOString(),
      project_id: projectId,
      data: shownData(fact),
    }
    const [project, repository] = [projectOf(projectId), repositoryOf(fact)]
    const mayKnowThis = (rights: Rights) => mayKnow(rights, needs, project, repository)
    return { topic, projectId, mayKnow: mayKnowThis, text: eventText(topic, data) }
  })
}

export async function eventsOfProgress(reader: Reader, all: Progress[]): Promise<Event[]> {
  const projectOf = await projectsOf(
    reader,
    all.map(({ projectId }) => projectId),
  )
  return all.map(({ projectId, event }) => {
    const [needs, project] = [needsOfExecution(event.vendor_type), projectOf(projectId)]
    return {
      topic: 'executions',
      projectId,
      mayKnow: (rights) => mayKnow(rights, needs, project),
      text: eventText('executions', event),
    }
  })
}

export async function eventsOfDeliveries(
  reader: Reader,
  policies: { id: number; projectId: number | null }[],
): Promise<Event[]> {
  const projectOf = await projectsOf(
    reader,
    policies.map(({ projectId }) => projectId),
  )
  return policies.map(({ id, projectId }) => {
    const project = projectOf(projectId)
    return {
      topic: 'deliveries',
      projectId,
      mayKnow: (rights) => mayKnow(rights, needsOfDeliveries, project),
      text: eventText('deliveries', { policy_id: id, project_id: projectId }),
    }
  })
}

/**
 * The text of the events that a client asked for and may have, by its rights now. The rights come from the cache, which
 * forgets them when they change (docs/decisions/0007-caching.md): no query for an event or a client.
 */
export async function textFor(reader: Reader, client: Client, events: Event[]): Promise<string> {
  const wanted = events.filter(
    ({ topic, projectId }) =>
      client.topics.has(topic) && (client.projectId === undefined || client.projectId === projectId),
  )
  if (wanted.length === 0) return ''
  const rights = await findRights(reader, client.caller)
  if (!rights || rights.kind === 'anonymous' || rights.isDisabled) return ''
  return wanted
    .filter((one) => one.mayKnow(rights))
    .map(({ text }) => text)
    .join('')
}

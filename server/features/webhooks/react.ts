import { projectOf } from '../../../oci/reference.ts'
import type { Reader } from '../../catalog/reader.ts'
import { openYield, takesArtifact, type Yield } from '../../catalog/selector.ts'
import type { Topic } from '../../catalog/topic.ts'
import { facts as nouns, type Actor, type Place } from '../../catalog/topics.ts'
import type { Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { eventIdOf } from '../../platform/events/event-id.ts'
import type { Reaction, Told } from '../../platform/events/reaction.ts'
import { quotaFacts } from '../quotas/index.ts'
import { addDeliveries, type NewDelivery } from './deliveries.ts'
import type { EventData, EventType, HookEvent } from './events.ts'
import { findWanted, type Wanted } from './store.ts'

type ReactOptions = {
  cache: Reader['cache']
  /** Harbor's switch `notification_enable` (S4-22). */
  isOn(): Promise<boolean>
  /** `host:port` by which clients reach Marina, for resource URLs. */
  host: string
}

/** What an event says of the artifact that its fact is about. */
type About = Place & { digest?: string; tags: string[]; details?: string; by: Actor }

/** A topic whose facts are events of webhooks. */
type Source = { topic: string; type: EventType; read(fact: Told): About | undefined }

const sources: Source[] = [
  source('PUSH_ARTIFACT', nouns.artifactPushed),
  source('PULL_ARTIFACT', nouns.artifactPulled, ({ tag }) => (tag ? [tag] : [])),
  source('DELETE_ARTIFACT', nouns.artifactDeleted),
  source('QUOTA_EXCEED', quotaFacts.quotaExceeded),
  source('QUOTA_WARNING', quotaFacts.quotaWarned),
]

type Subject = { type: EventType; tags: string[] }
/** A policy and one of its targets. */
type Recipient = Pick<NewDelivery, 'policyId' | 'target'>

/** A fact together with the policies that want to know of it. */
type Match = { fact: Told; type: EventType; about: About; places: Recipient[] }

/**
 * Finds the policies that want to know of what happened and puts one delivery for each of their targets into the queue, all in
 * the transaction that notes the facts as taken (S4-25): no receiver has a part in it, so none can hold up another.
 */
export function queueDeliveries({ cache, isOn, host }: ReactOptions): Reaction {
  return {
    name: 'webhooks',
    topics: sources.map(({ topic }) => topic),
    begins: 'now',
    async handle(tx, facts) {
      if (!(await isOn())) return
      const matches: Match[] = []
      for (const fact of facts) matches.push(...(await matchesOf({ db: tx, cache }, fact)))
      const wanted = matches.filter(({ places }) => places.length > 0)
      if (wanted.length > 0) await addDeliveries(tx, await deliveriesOf(tx, wanted, host))
    },
  }
}

/** From the cache, as a rule. */
async function matchesOf(reader: Reader, fact: Told): Promise<Match[]> {
  const { type, read } = sources.find(({ topic }) => topic === fact.topic)!
  const about = read(fact)
  if (!about) return []
  const { projectId, repository, tags } = about
  const [subject, yieldNow] = [{ type, tags }, openYield()]
  const short = repository.slice(projectOf(repository).length + 1)
  const [ofProject, ofSystem] = [await findWanted(reader, projectId), await findWanted(reader, null)]
  const inProject = await placesIn(yieldNow, ofProject, subject, short)
  const inSystem = await placesIn(yieldNow, ofSystem, subject, repository)
  return [{ fact, type, about, places: [...inProject, ...inSystem] }]
}

function source<Payload extends Omit<About, 'tags' | 'by'> & { tags?: string[] }>(
  type: EventType,
  topic: Topic<Payload>,
  tagsOf = ({ tags = [] }: Payload): string[] => tags,
): Source {
  const read = (fact: Told): About | undefined => {
    const said = topic.read(fact)
    return said && { ...said, tags: tagsOf(said) }
  }
  return { topic: topic.topic, type, read }
}

/** Each policy with each of its targets; the list holds values of its own (S4-26). */
async function placesIn(
  yieldNow: Yield,
  wanted: Wanted[],
  { type, tags }: Subject,
  repository: string,
): Promise<Recipient[]> {
  const places: Recipient[] = []
  for (const { policyId, eventTypes, selector, targets } of wanted) {
    const isWanted = eventTypes.includes(type) && (await takesArtifact(yieldNow, selector, repository, tags))
    if (isWanted) places.push(...targets.map((target) => ({ policyId, target })))
  }
  return places
}

async function deliveriesOf(tx: Tx, matches: Match[], host: string): Promise<NewDelivery[]> {
  const [open, made] = await lookUp(tx, matches)
  return matches.flatMap(({ fact, type, about, places }) => {
    // What another registry told of is to be had from there.
    const data = dataOf(open.has(about.projectId), about, about.origin?.registry || host, made.get(about.repository))
    const event: HookEvent = {
      id: eventIdOf(fact),
      type,
      occurredAt: fact.occurredAt,
      operator: about.by.name,
      projectId: about.projectId,
      requestId: fact.requestId ?? undefined,
      data,
    }
    return places.map((place) => ({ ...place, event, orderedBy: about.repository, trigger: 'EVENT' as const }))
  })
}

/**
 * Which projects are public, and when each repository was made. Both may be gone: policies of the system hear of them all the same,
 * and what is gone is open to nobody.
 */
async function lookUp(tx: Tx, matches: Match[]): Promise<[Set<number>, Map<string, Date>]> {
  const [projectIds, names] = [
    matches.map(({ about }) => about.projectId),
    matches.map(({ about }) => about.repository),
  ]
  const open = await tx.rows<{ id: number }>(
    sql`select id from project where id = any(${projectIds}::bigint[]) and is_public`,
  )
  const repositories = await tx.rows<{ name: string; createdAt: Date }>(
    sql`select name, created_at as "createdAt" from repository where name = any(${names}::text[])`,
  )
  return [new Set(open.map(({ id }) => id)), new Map(repositories.map(({ name, createdAt }) => [name, createdAt]))]
}

/** Named in one event: an artifact may have thousands of tags, and each target gets a body of its own. */
const mostResources = 100

function dataOf(isPublic: boolean, about: About, host: string, createdAt: Date | undefined): EventData {
  const { repository, digest, tags, details } = about
  const project = projectOf(repository)
  const named = tags
    .slice(0, mostResources)
    .map((tag) => ({ ...(digest ? { digest } : {}), tag, resource_url: `${host}/${repository}:${tag}` }))
  const resources =
    named.length === 0 && digest ? [{ digest, tag: digest, resource_url: `${host}/${repository}@${digest}` }] : named
  return {
    ...(resources.length > 0 ? { resources } : {}),
    repository: {
      ...(createdAt ? { date_created: Math.floor(createdAt.getTime() / 1000) } : {}),
      name: repository.slice(project.length + 1),
      namespace: project,
      repo_full_name: repository,
      repo_type: isPublic ? 'public' : 'private',
    },
    ...(details === undefined ? {} : { custom_attributes: { Details: details } }),
  }
}

import { projectOf, type RepositoryName } from '../../../oci/reference.ts'
import { findProjectById, type Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Actor } from '../../catalog/topics.ts'
import type { Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { addDeliveries } from './deliveries.ts'
import { eventIdOf, type EventData, type EventType, type HookEvent } from './events.ts'
import { findWanted, type Wanted } from './store.ts'

/** A fact as it is read from the outbox. */
export type Told = { id: number; topic: string; payload: Record<string, unknown>; occurredAt: Date }

export type ReactOptions = {
  cache: Reader['cache']
  /** Harbor's switch `notification_enable` (S4-22). */
  isOn(): Promise<boolean>
  /** `host:port` by which clients reach Marina, for resource URLs. */
  host: string
}

/** What is known of the artifact that a fact is about. */
type About = { projectId: number; repository: RepositoryName; digest?: string; tags?: string[]; tag?: string | null; details?: string; by: Actor }

/** Facts that are events of webhooks. */
const typeOf: Record<string, EventType> = {
  'artifact.pushed': 'PUSH_ARTIFACT', 'artifact.pulled': 'PULL_ARTIFACT', 'artifact.deleted': 'DELETE_ARTIFACT', 'quota.exceeded': 'QUOTA_EXCEED', 'quota.warned': 'QUOTA_WARNING',
}
export const topics = Object.keys(typeOf)

/**
 * Finds the policies that want to know of a fact and puts one delivery for each of their targets into the queue, all in the
 * transaction that marks the fact as handled (S4-25): no receiver has a part in it, so none can hold up another.
 */
export async function tellTargets(tx: Tx, fact: Told, { cache, isOn, host }: ReactOptions): Promise<void> {
  const type = typeOf[fact.topic]
  if (!type || !(await isOn())) return
  const about = fact.payload as About
  const reader = { db: tx, cache }
  const [ofProject, ofSystem] = [await findWanted(reader, about.projectId), await findWanted(reader, null)]
  const tags = about.tags ?? (about.tag ? [about.tag] : [])
  const short = about.repository.slice(projectOf(about.repository).length + 1)
  const places = [...placesIn(ofProject, type, short, tags), ...placesIn(ofSystem, type, about.repository, tags)]
  const project = places.length > 0 ? await findProjectById(tx, about.projectId) : undefined
  if (!project) return
  const event: HookEvent = { id: eventIdOf(fact), type, occurredAt: fact.occurredAt, operator: about.by.name, projectId: project.id, data: await dataOf(tx, project, about, tags, host) }
  await addDeliveries(tx, event, places, about.repository)
}

/** Each policy with each of its targets; the list holds values of its own (S4-26). */
function placesIn(wanted: Wanted[], type: EventType, repository: string, tags: string[]) {
  return wanted.filter(({ eventTypes, isFor }) => eventTypes.includes(type) && isFor(repository, tags)).flatMap(({ policyId, targets }) => targets.map((target) => ({ policyId, target })))
}

async function dataOf(tx: Tx, project: Project, { repository, digest, details }: About, tags: string[], host: string): Promise<EventData> {
  const known = await tx.row<{ createdAt: Date }>(sql`select created_at as "createdAt" from repository where name = ${repository}`)
  const resources = tags.length > 0 ? tags.map((tag) => ({ ...(digest ? { digest } : {}), tag, resource_url: `${host}/${repository}:${tag}` })) : digest ? [{ digest, tag: digest, resource_url: `${host}/${repository}@${digest}` }] : []
  return {
    ...(resources.length > 0 ? { resources } : {}),
    repository: {
      ...(known ? { date_created: Math.floor(known.createdAt.getTime() / 1000) } : {}), name: repository.slice(project.name.length + 1), namespace: project.name,
      repo_full_name: repository, repo_type: project.isPublic ? 'public' : 'private',
    },
    ...(details === undefined ? {} : { custom_attributes: { Details: details } }),
  }
}

import { projectOf } from '../../../oci/reference.ts'
import { projectColumns, type Project } from '../../catalog/project.ts'
import { ensureRepository, repositoryCountKey, repositoryIdKey } from '../../catalog/repository.ts'
import { facts, type Actor, type Origin } from '../../catalog/topics.ts'
import type { Db, Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { emit, type Fact } from '../../platform/events/emit.ts'
import type { RegistryEvent } from './rules.ts'

export type Taken = { taken: number; repeated: number; strangers: string[] }

/**
 * Takes the events of an envelope in one transaction: each becomes the same fact as if it had happened here, so that
 * the audit log, webhooks and all other reactions hear of it. Events that were taken before are skipped (idempotent),
 * and so are those of projects that Marina does not have (S4-06).
 */
export function takeEvents(db: Db, events: RegistryEvent[]): Promise<Taken> {
  return db.transaction(async (tx) => {
    const fresh = await firstTime(tx, events)
    const projects = await projectsOf(tx, fresh)
    // Events are sorted by repository, stably: several envelopes lock rows in the same order, also those just created.
    const isKnown = ({ repository }: RegistryEvent) => projects.has(projectOf(repository))
    const known = fresh.filter(isKnown).toSorted((one, other) => compare(one.repository, other.repository))
    await readyRepositories(tx, projects, known)
    for (const event of known) await takeEvent(tx, projects.get(projectOf(event.repository))!, event)
    const strangers = [
      ...new Set(fresh.filter((event) => !isKnown(event)).map(({ repository }) => projectOf(repository))),
    ]
    return { taken: known.length, repeated: events.length - fresh.length, strangers }
  })
}

/**
 * Creates the repositories that are pushed to and locks all that are named, in the order of their names, so that two
 * envelopes with the same repositories in different orders cannot deadlock. A push without a tag creates no repository
 * (S4-08, S4-09).
 */
async function readyRepositories(tx: Tx, projects: Map<string, Project>, events: RegistryEvent[]): Promise<void> {
  const pushed = new Map(
    events
      .filter(({ action, tag }) => action === 'push' && tag !== undefined)
      .map((event) => [event.repository, event]),
  )
  for (const event of pushed.values()) {
    const project = projects.get(projectOf(event.repository))!
    const { id } = await ensureRepository(tx, project, event.repository, actorOf(event))
    tx.changes(repositoryIdKey(id), repositoryCountKey(project.id))
  }
  const names = [...new Set(events.map(({ repository }) => repository))]
  await tx.rows(
    sql`select id from repository where name = any(${names}::text[]) order by name collate "C" for no key update`,
  )
  await tx.run(
    sql`update repository set is_elsewhere = true where name = any(${[...pushed.keys()]}::text[]) and not is_elsewhere`,
  )
}

/** By bytes, as `collate "C"` compares: names of repositories are ASCII. */
const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0)

const actorOf = ({ actor }: RegistryEvent): Actor => ({ kind: 'external', id: null, name: actor || 'anonymous' })

/**
 * The events not seen before, each id once. Ids are sorted, so that two envelopes with the same ones cannot deadlock.
 */
async function firstTime(tx: Tx, events: RegistryEvent[]): Promise<RegistryEvent[]> {
  const byId = new Map(events.toReversed().map((event) => [event.id, event]))
  const rows = await tx.rows<{ id: string }>(sql`
    insert into notification_event (id)
    select id from unnest(${[...byId.keys()].toSorted()}::text[]) as given (id)
    on conflict do nothing returning id`)
  const ids = new Set(rows.map(({ id }) => id))
  return events.filter((event) => ids.has(event.id) && byId.get(event.id) === event)
}

async function projectsOf(tx: Tx, events: RegistryEvent[]): Promise<Map<string, Project>> {
  const names = [...new Set(events.map(({ repository }) => projectOf(repository)))]
  const rows = await tx.rows<Project>(sql`select ${projectColumns} from project where name = any(${names}::text[])`)
  return new Map(rows.map((project) => [project.name, project]))
}

async function takeEvent(tx: Tx, project: Project, event: RegistryEvent): Promise<void> {
  if (event.action === 'pull') {
    const pulled = await tx.row<{ id: number }>(sql`
      update repository
      set pull_count = pull_count + 1, pulled_at = greatest(pulled_at, ${event.at}::timestamptz)
      where name = ${event.repository} returning id`)
    if (pulled) tx.changes(repositoryIdKey(pulled.id))
  }
  await emit(tx, [factOf(project, event, actorOf(event))])
}

function factOf(
  project: Project,
  { repository, digest, tag, mediaType, size, action, at, id, source, address, requestId }: RegistryEvent,
  by: Actor,
): Fact {
  const origin: Origin = { registry: source, eventId: id, at, address, requestId }
  const place = { projectId: project.id, repository, origin }
  const tags = tag === undefined ? [] : [tag]
  if (action === 'push')
    return facts.artifactPushed({ ...place, digest: digest!, mediaType, size, tags, isNew: true }, by)
  if (action === 'pull')
    return facts.artifactPulled({ ...place, digest: digest!, tag: tag ?? null, count: 1, lastAt: at }, by)
  return digest === undefined
    ? facts.tagDeleted({ ...place, tag: tag!, digest: '' }, by)
    : facts.artifactDeleted({ ...place, digest, tags }, by)
}

/**
 * Forgets the ids of events older than `ms`, in batches of 5000. A registry that sends such an event once more has it
 * counted twice.
 */
export async function sweepEvents(db: Pick<Db, 'run'>, ms: number, signal: AbortSignal): Promise<void> {
  const batch = 5000
  let dropped = batch
  while (dropped === batch && !signal.aborted) {
    dropped = await db.run(sql`
      delete from notification_event where id in (
        select id from notification_event
        where received_at < now() - make_interval(secs => ${ms / 1000})
        order by received_at limit ${batch})`)
  }
}

import { projectOf, type RepositoryName } from '../../../oci/reference.ts'
import type { Reader } from '../../catalog/reader.ts'
import { openYield, takesArtifact, type Yield } from '../../catalog/selector.ts'
import type { Topic } from '../../catalog/topic.ts'
import { facts as nouns, type Actor, type Place } from '../../catalog/topics.ts'
import type { Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { eventIdOf } from '../../platform/events/event-id.ts'
import type { Reaction, Told } from '../../platform/events/reaction.ts'
import { quotaFacts } from '../quotas/index.ts'
import { replicationFacts, type TaskFact } from '../replication/index.ts'
import { retentionFacts } from '../retention/index.ts'
import { robotFacts } from '../robots/index.ts'
import { matcherFacts, scanFacts, type ScanEnded, type VulnerabilitiesFound } from '../scanning/index.ts'
import { addDeliveries, type NewDelivery } from './deliveries.ts'
import type { EventData, EventType, HookEvent, VulnerabilityData } from './events.ts'
import { replicationDataOf } from './replication-data.ts'
import { findWanted, type Wanted } from './store.ts'

type ReactOptions = {
  cache: Reader['cache']
  /** Harbor's switch `notification_enable` (S4-22). */
  isOn(): Promise<boolean>
  /** `host:port` by which clients reach Marina, for resource URLs. */
  host: string
}

/** The part of a fact that an event shows: the artifact, and who did it. `repository`: '' for what is about a robot. */
type About = Place & {
  digest?: string
  tags: string[]
  details?: string
  /** Of a scan that has ended: the fields of `resources` that show it. */
  overview?: ScanEnded['overview']
  scanType?: ScanEnded['scanType']
  /** Of a replication, which Harbor's data show instead of the artifact. */
  task?: TaskFact
  retention?: RetentionDone
  found?: VulnerabilitiesFound
  robot?: RobotExpiring
  by: Actor
}
type RobotExpiring = NonNullable<ReturnType<typeof robotFacts.robotExpiresSoon.read>>
type RetentionDone = NonNullable<ReturnType<typeof retentionFacts.repositoryDone.read>>

/** A topic whose facts are events of webhooks. */
type Source = { topic: string; type: EventType; read(fact: Told): About | undefined }

const sources: Source[] = [
  source('PUSH_ARTIFACT', nouns.artifactPushed),
  source('PULL_ARTIFACT', nouns.artifactPulled, ({ tag }) => (tag ? [tag] : [])),
  source('DELETE_ARTIFACT', nouns.artifactDeleted),
  source('QUOTA_EXCEED', quotaFacts.quotaExceeded),
  source('QUOTA_WARNING', quotaFacts.quotaWarned),
  source('SCANNING_COMPLETED', scanFacts.scanCompleted),
  source('SCANNING_FAILED', scanFacts.scanFailed),
  source('SCANNING_STOPPED', scanFacts.scanStopped),
  source('SCANNING_STOPPED', scanFacts.sbomStopped),
  replicationSource(replicationFacts.taskChanged),
  replicationSource(replicationFacts.taskFailed),
  {
    topic: retentionFacts.repositoryDone.topic,
    type: 'TAG_RETENTION',
    read(fact) {
      const said = retentionFacts.repositoryDone.read(fact)
      return said && { projectId: said.projectId, repository: said.repository, tags: [], retention: said, by: said.by }
    },
  },
  {
    topic: matcherFacts.vulnerabilitiesFound.topic,
    type: 'VULNERABILITY_FOUND',
    read(fact) {
      const said = matcherFacts.vulnerabilitiesFound.read(fact)
      if (!said) return undefined
      const { projectId, repository, digest, tags, by } = said
      return { projectId, repository, digest, tags, found: said, by }
    },
  },
  {
    topic: robotFacts.robotExpiresSoon.topic,
    type: 'ROBOT_EXPIRING',
    read(fact) {
      const said = robotFacts.robotExpiresSoon.read(fact)
      return (
        said && { projectId: said.projectId ?? 0, repository: '' as RepositoryName, tags: [], robot: said, by: said.by }
      )
    },
  },
]

/** `isOfArtifact`: the filters of policies, which are over repositories and tags, count. */
type Subject = { type: EventType; tags: string[]; isOfArtifact: boolean }
/** A policy and one of its targets. */
type Recipient = Pick<NewDelivery, 'policyId' | 'target'>

/** A fact together with the policies that want it, and their targets. */
type Match = { fact: Told; type: EventType; about: About; places: Recipient[] }

/**
 * The reaction that finds the policies that want a fact and queues one delivery for each of their targets, all in the
 * transaction that moves its cursor (S4-25). No receiver takes part in it, so that none can hold up another.
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

/** The policies that want a fact; they are usually cached. */
async function matchesOf(reader: Reader, fact: Told): Promise<Match[]> {
  const { type, read } = sources.find(({ topic }) => topic === fact.topic)!
  const about = read(fact)
  if (!about) return []
  const { projectId, repository, tags, robot } = about
  const [subject, yieldNow] = [{ type, tags, isOfArtifact: robot === undefined }, openYield()]
  const short = repository.slice(repository.indexOf('/') + 1)
  const ofProject = projectId === 0 ? [] : await findWanted(reader, projectId)
  const ofSystem = await findWanted(reader, null)
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

/** A task of replication is an event of the project on Marina's side, shown as done by who made the policy. */
function replicationSource(topic: Topic<TaskFact>): Source {
  const read = (fact: Told): About | undefined => {
    const task = topic.read(fact)
    if (!task || task.projectId === null) return undefined
    const { projectId, repository, references, creator, by } = task
    const place = { projectId, repository: repository as RepositoryName }
    return { ...place, tags: references, task, by: { ...by, name: creator } }
  }
  return { topic: topic.topic, type: 'REPLICATION', read }
}

/** Each policy that wants the event, with each of its targets. The list holds copies of its own (S4-26). */
async function placesIn(
  yieldNow: Yield,
  wanted: Wanted[],
  { type, tags, isOfArtifact }: Subject,
  repository: string,
): Promise<Recipient[]> {
  const places: Recipient[] = []
  for (const { policyId, eventTypes, selector, targets } of wanted) {
    const takes = async () => !isOfArtifact || (await takesArtifact(yieldNow, selector, repository, tags))
    if (eventTypes.includes(type) && (await takes())) places.push(...targets.map((target) => ({ policyId, target })))
  }
  return places
}

async function deliveriesOf(tx: Tx, matches: Match[], host: string): Promise<NewDelivery[]> {
  const [open, made] = await lookUp(tx, matches)
  return matches.flatMap(({ fact, type, about, places }) => {
    // An artifact of another registry is pulled from there, so that its URL leads there.
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
    const orderedBy = about.robot ? `robot ${about.robot.robotId}` : about.repository
    return places.map((place) => ({ ...place, event, orderedBy, trigger: 'EVENT' as const }))
  })
}

/**
 * The ids of public projects, and the creation times of repositories. Either may be deleted already: policies of the
 * system get such events all the same, with the project shown as private.
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

/** The most tags in one event: an artifact may have thousands, and each target gets a body of its own. */
const mostResources = 100

function dataOf(isPublic: boolean, about: About, host: string, createdAt: Date | undefined): EventData {
  const { repository, digest, tags, details, task, retention, found, robot, overview = {}, scanType } = about
  if (task) return { replication: replicationDataOf(task, host) }
  if (retention) return { retention: retentionData(retention, host) }
  if (robot) return { robot: robotData(robot) }
  const project = projectOf(repository)
  const named = tags
    .slice(0, mostResources)
    .map((tag) => ({ ...(digest ? { digest } : {}), tag, resource_url: `${host}/${repository}:${tag}`, ...overview }))
  const unnamed = digest ? [{ digest, tag: digest, resource_url: `${host}/${repository}@${digest}`, ...overview }] : []
  const resources = named.length === 0 ? unnamed : named
  return {
    ...(resources.length > 0 ? { resources } : {}),
    repository: {
      ...(createdAt ? { date_created: Math.floor(createdAt.getTime() / 1000) } : {}),
      name: repository.slice(project.length + 1),
      namespace: project,
      repo_full_name: repository,
      repo_type: isPublic ? 'public' : 'private',
    },
    ...(scanType === undefined ? {} : { scan: { scan_type: scanType } }),
    ...(found ? { vulnerabilities: vulnerabilityData(found) } : {}),
    ...(details === undefined ? {} : { custom_attributes: { Details: details } }),
  }
}

/** Vulnerabilities that one event names. */
const mostNamed = 10

const vulnerabilityData = ({
  generation,
  count,
  bySeverity,
  vulnerabilities,
}: VulnerabilitiesFound): VulnerabilityData => ({
  database: generation,
  count,
  summary: bySeverity,
  most_severe: vulnerabilities.slice(0, mostNamed).map(({ id, severity, package: name, version, fixedVersion }) => {
    return { id, severity, package: name, version, fix_version: fixedVersion }
  }),
})

const robotData = ({ robotId: id, name, expiresAt }: RobotExpiring): NonNullable<EventData['robot']> => ({
  id,
  name,
  expires_at: Math.floor(Date.parse(expiresAt) / 1000),
})

function retentionData(
  { repository, policyId, total, retained, deleted, rules }: RetentionDone,
  host: string,
): NonNullable<EventData['retention']> {
  return {
    total,
    retained,
    harbor_hostname: host.replace(/:\d+$/, ''),
    project_name: projectOf(repository),
    retention_policy_id: policyId,
    retention_rule: rules,
    result: 'SUCCESS',
    deleted_artifact: deleted.map((name) => ({ type: 'image', status: 'SUCCESS', name_tag: name, references: null })),
  }
}

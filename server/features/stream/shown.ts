import type { StreamTopic } from '../../../api/events.ts'
import type { Project } from '../../catalog/project.ts'
import type { Told } from '../../platform/events/reaction.ts'
import {
  mayInEvery,
  mayInProject,
  maySee,
  maySystem,
  type ProjectResource,
  type Rights,
  type SystemResource,
  type Verb,
} from '../access/index.ts'

/** Who may be told: those with this right in the fact's project, on the system, or who may see the project at all. */
type Needs =
  | { project: ProjectResource; verb: Verb; orSystem?: { system: SystemResource; verb: Verb } }
  | { system: SystemResource; verb: Verb }
  | 'see'

/** How the stream shows a fact. `fields`: what is shown of its payload, and nothing else: not who did it. */
type Shown = { topic: StreamTopic; needs: Needs; fields: readonly string[] }

const ofArtifacts = (...fields: string[]): Shown => ({
  topic: 'artifacts',
  needs: { project: 'artifact', verb: 'list' },
  fields: ['repository', ...fields],
})
const ofProjects = (...fields: string[]): Shown => ({ topic: 'projects', needs: 'see', fields })
const ofQuota = (...fields: string[]): Shown => ({
  topic: 'projects',
  needs: { project: 'quota', verb: 'read' },
  fields,
})
const ofMembers: Shown = {
  topic: 'projects',
  needs: { project: 'member', verb: 'list' },
  fields: ['memberId', 'member', 'kind', 'role'],
}
const ofCollection: Shown = {
  topic: 'collections',
  needs: { system: 'garbage-collection', verb: 'read' },
  fields: ['executionId', 'isDryRun', 'deletesUntagged', 'cron'],
}
const ofReplication: Shown = {
  topic: 'replications',
  needs: { system: 'replication', verb: 'read' },
  fields: [
    'policyId',
    'executionId',
    'taskId',
    'name',
    'trigger',
    'repository',
    'status',
    'message',
    'operation',
    'artifact',
    'references',
  ],
}
const ofWebhook: Shown = {
  topic: 'webhooks',
  needs: {
    project: 'notification-policy',
    verb: 'read',
    orSystem: { system: 'configuration', verb: 'read' },
  },
  fields: ['policyId', 'name', 'targetId', 'changed', 'eventType', 'eventId', 'why', 'restsUntil', 'count'],
}

/** Every fact that the stream shows, by the name of its topic. */
export const shown: Readonly<Record<string, Shown>> = {
  'artifact.pushed': ofArtifacts('digest', 'mediaType', 'size', 'tags', 'isNew'),
  'artifact.copied': ofArtifacts('digest', 'tags'),
  'artifact.deleted': ofArtifacts('digest', 'tags'),
  'artifact.labeled': ofArtifacts('digest', 'labelId'),
  'artifact.unlabeled': ofArtifacts('digest', 'labelId'),
  'tag.created': ofArtifacts('tag', 'digest'),
  'tag.moved': ofArtifacts('tag', 'digest', 'from'),
  'tag.deleted': ofArtifacts('tag', 'digest'),
  'repository.created': ofArtifacts(),
  'repository.changed': ofArtifacts('changed'),
  'repository.deleted': ofArtifacts('artifacts'),
  'trash.restored': ofArtifacts('kind', 'digest', 'tags'),
  'retention.done': ofArtifacts('policyId', 'executionId', 'total', 'retained'),
  'project.created': ofProjects('name', 'isPublic'),
  'project.updated': ofProjects('name'),
  'project.deleted': ofProjects('name'),
  'quota.updated': ofQuota('hard'),
  'quota.exceeded': ofQuota('repository', 'details'),
  'quota.warned': ofQuota('repository', 'details'),
  'member.added': ofMembers,
  'member.changed': ofMembers,
  'member.removed': ofMembers,
  'collection.asked': ofCollection,
  'collection.stopped': ofCollection,
  'collection.scheduled': ofCollection,
  'replication.started': ofReplication,
  'replication.stopped': ofReplication,
  'replication-task.changed': ofReplication,
  'replication-task.failed': ofReplication,
  'webhook-policy.created': ofWebhook,
  'webhook-policy.changed': ofWebhook,
  'webhook-policy.deleted': ofWebhook,
  'webhook-policy.tested': ofWebhook,
  'webhook-delivery.repeated': ofWebhook,
  'webhook-target.failed': ofWebhook,
  'webhook-target.recovered': ofWebhook,
  'webhook-target.paused': ofWebhook,
  'webhook-target.resumed': ofWebhook,
}

/** The fields of the payload that the stream shows. */
export function shownData({ topic, payload }: Told): Record<string, unknown> {
  const { fields } = shown[topic]!
  return Object.fromEntries(fields.flatMap((name) => (payload[name] === undefined ? [] : [[name, payload[name]]])))
}

/** The project that a fact is about: of its payload, which calls it `projectId`; null for the system's. */
export const projectIdOf = ({ payload }: Told): number | null =>
  typeof payload['projectId'] === 'number' ? payload['projectId'] : null

/**
 * Whether these rights show a fact. `project` is undefined when it is gone, or when the fact is not about one: then
 * only those may be told who hold the right in every project, or on the system. `repository`: what the fact is about,
 * without the project.
 */
export function mayKnow(rights: Rights, needs: Needs, project: Project | undefined, repository?: string): boolean {
  if (needs === 'see') return project ? maySee(rights, project) : mayInEvery(rights, 'project', 'read')
  if ('system' in needs) return maySystem(rights, needs.system, needs.verb)
  if (project) return maySee(rights, project) && mayInProject(rights, project, needs.project, needs.verb, repository)
  if (needs.orSystem) return maySystem(rights, needs.orSystem.system, needs.orSystem.verb)
  return mayInEvery(rights, needs.project, needs.verb)
}

/** The repository that a fact is about, without its project. */
export function repositoryOf({ payload }: Told): string | undefined {
  const { repository } = payload
  return typeof repository === 'string' ? repository.slice(repository.indexOf('/') + 1) : undefined
}

/** Who may follow executions of a vendor type; those of another type, who may see the job service. */
const executionNeeds: Readonly<Record<string, Needs>> = {
  GARBAGE_COLLECTION: { system: 'garbage-collection', verb: 'read' },
  PURGE_AUDIT_LOG: { system: 'purge-audit', verb: 'read' },
  REPLICATION: { system: 'replication', verb: 'read' },
  RETENTION: { project: 'tag-retention', verb: 'list', orSystem: { system: 'configuration', verb: 'read' } },
}

const ofJobService: Needs = { system: 'jobservice-monitor', verb: 'list' }

export const needsOfExecution = (vendorType: string): Needs => executionNeeds[vendorType] ?? ofJobService

export const needsOfDeliveries: Needs = ofWebhook.needs

/** Facts after which a caller may have lost the right to a stream. */
export const endsStreams: readonly string[] = [
  'account.changed',
  'account.deleted',
  'account.password-changed',
  'session.closed',
  'robot.changed',
  'robot.deleted',
  'robot.secret-refreshed',
]

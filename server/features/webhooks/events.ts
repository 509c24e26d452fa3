/** Harbor's types of events, then Marina's own: their names in CloudEvents, and whether Marina emits them yet. */
export const eventTypes = {
  PUSH_ARTIFACT: { cloud: 'harbor.artifact.pushed', isProduced: true },
  PULL_ARTIFACT: { cloud: 'harbor.artifact.pulled', isProduced: true },
  DELETE_ARTIFACT: { cloud: 'harbor.artifact.deleted', isProduced: true },
  QUOTA_EXCEED: { cloud: 'harbor.quota.exceeded', isProduced: true },
  QUOTA_WARNING: { cloud: 'harbor.quota.warned', isProduced: true },
  SCANNING_FAILED: { cloud: 'harbor.scan.failed', isProduced: true },
  SCANNING_STOPPED: { cloud: 'harbor.scan.stopped', isProduced: true },
  SCANNING_COMPLETED: { cloud: 'harbor.scan.completed', isProduced: true },
  REPLICATION: { cloud: 'harbor.replication.status.changed', isProduced: true },
  TAG_RETENTION: { cloud: 'harbor.tag_retention.finished', isProduced: true },
  VULNERABILITY_FOUND: { cloud: 'marina.vulnerability.found', isProduced: true },
  ROBOT_EXPIRING: { cloud: 'marina.robot.expiring', isProduced: true },
} as const
export type EventType = keyof typeof eventTypes

export const isEventType = (text: string): text is EventType => Object.hasOwn(eventTypes, text)

/** An event in Harbor's words, from which the payload of a webhook is made. */
export type HookEvent = {
  /** The same in every delivery of this event. */
  id: string
  type: EventType
  occurredAt: Date
  operator: string
  /** 0: of the whole system. */
  projectId: number
  /** The id of the request that caused the event. */
  requestId?: string | undefined
  data: EventData
}

/** Harbor's `event_data`. Times in seconds since 1970. */
export type EventData = {
  resources?: {
    digest?: string
    tag?: string
    resource_url?: string
    scan_overview?: object
    sbom_overview?: object
  }[]
  /** Of SCANNING_*. */
  scan?: { scan_type: 'vulnerability' | 'sbom' }
  repository?: {
    date_created?: number
    name: string
    namespace: string
    repo_full_name: string
    repo_type: 'public' | 'private'
  }
  custom_attributes?: Record<string, string>
  replication?: ReplicationData
  /** Only of TAG_RETENTION, which has nothing else. */
  retention?: RetentionData
  /** Of VULNERABILITY_FOUND. */
  vulnerabilities?: VulnerabilityData
  /** Only of ROBOT_EXPIRING, which has nothing else. `name` is that by which it logs in. */
  robot?: { id: number; name: string; expires_at: number }
}

/** What a new database of vulnerabilities has found in a known image. */
export type VulnerabilityData = {
  /** The number of the database: an image has at most one event for each. */
  database: number
  count: number
  /** How many of each severity; those without one are left out. */
  summary: Record<string, number>
  /** At most 10, the worst first. */
  most_severe: { id: string; severity: string; package: string; version: string; fix_version: string }[]
}

/** What a run of tag retention did in one repository, in Harbor's words. */
type RetentionData = {
  total: number
  retained: number
  harbor_hostname: string
  project_name: string
  retention_policy_id: number
  retention_rule: object[]
  result: 'SUCCESS'
  deleted_artifact: { type: string; status: 'SUCCESS'; name_tag: string; references: null }[]
}

/** One side of a replication; without a name it is Marina itself. */
type ReplicationSide = { registry_name?: string; registry_type: string; endpoint: string; namespace: string }
type ReplicatedArtifact = { type: string; status: string; name_tag: string; references: string[] }

/** Harbor's data of a task of replication whose state has changed. */
export type ReplicationData = {
  harbor_hostname: string
  job_status: string
  artifact_type: string
  override_mode: boolean
  trigger_type: string
  policy_creator: string
  execution_timestamp: number
  src_resource: ReplicationSide
  dest_resource: ReplicationSide
  successful_artifact?: ReplicatedArtifact[]
  failed_artifact?: ReplicatedArtifact[]
  execution_id: number
  task_id: number
}

/** A made-up event, for testing a target. */
export function testEvent(
  id: string,
  type: EventType,
  project: { id: number; name: string },
  operator: string,
  host: string,
): HookEvent {
  const digest = `sha256:${'0'.repeat(64)}`
  const repository = {
    date_created: 0,
    name: 'test-webhook',
    namespace: project.name,
    repo_full_name: `${project.name}/test-webhook`,
    repo_type: 'private' as const,
  }
  const resources = [{ digest, tag: 'test', resource_url: `${host}/${project.name}/test-webhook:test` }]
  const about = type === 'ROBOT_EXPIRING' ? { robot: noRobot } : { resources, repository }
  return {
    id,
    type,
    occurredAt: new Date(),
    operator,
    projectId: project.id,
    data: {
      ...about,
      ...(type === 'VULNERABILITY_FOUND' ? { vulnerabilities: noVulnerability } : {}),
      custom_attributes: { Details: 'a test: nothing happened' },
    },
  }
}

const noRobot = { id: 0, name: 'robot$test', expires_at: 0 }

const noVulnerability: VulnerabilityData = {
  database: 0,
  count: 1,
  summary: { High: 1 },
  most_severe: [{ id: 'CVE-0000-0000', severity: 'High', package: 'test', version: '1.0', fix_version: '1.1' }],
}

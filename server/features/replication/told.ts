import { projectOf, type RepositoryName } from '../../../oci/reference.ts'
import { findProject } from '../../catalog/project.ts'
import type { Db, Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { emit } from '../../platform/events/emit.ts'
import type { Job } from '../../platform/jobs/type.ts'
import { findEndpoint, type Endpoint } from '../endpoints/index.ts'
import type { Counts } from './copy/run.ts'
import type { CopyGround } from './ground.ts'
import type { CopyParams } from './jobs.ts'
import type { Policy } from './policy.ts'
import { replicator } from './sides/side.ts'
import { facts, type TaskFact, type TaskSide } from './topics.ts'

/** The most references that a fact names. */
const mostReferences = 100

/** Tells of a task: facts for webhooks and the audit log, and the tally of its endpoint for metrics. */
export type Told = {
  /** The task has something to do; told once. */
  began(): Promise<void>
  count(counts: Counts): void
  ended(status: 'Success' | 'Error', message: string): Promise<void>
}

export async function openTold(ground: CopyGround, policy: Policy, job: Job<CopyParams>): Promise<Told> {
  const { db } = ground
  const about = await aboutOf(ground, policy, job)
  let hasBegun = false
  let bytes = 0
  return {
    async began() {
      if (hasBegun) return
      hasBegun = true
      if (job.attempt === 1) await tell(db, { ...about, status: 'Running', message: '' })
    },
    count: (counts) => void (bytes = counts.bytes),
    ended: (status, message) =>
      db.transaction(async (tx) => {
        await tally(tx, policy.endpointId, { bytes, tasks: 1, errors: status === 'Error' ? 1 : 0 })
        if (status === 'Error') await emit(tx, [facts.taskFailed({ ...about, status, message }, replicator)])
        else if (hasBegun) await emit(tx, [facts.taskChanged({ ...about, status, message }, replicator)])
      }),
  }
}

function tell(db: Db, fact: TaskFact): Promise<void> {
  return db.transaction((tx) => emit(tx, [facts.taskChanged(fact, replicator)]))
}

async function tally(
  tx: Tx,
  endpointId: number,
  { bytes, tasks, errors }: { bytes: number; tasks: number; errors: number },
): Promise<void> {
  await tx.run(sql`
    insert into replication_tally (endpoint_id, bytes, tasks, errors)
    values (${endpointId}, ${bytes}, ${tasks}, ${errors})
    on conflict (endpoint_id) do update set bytes = replication_tally.bytes + excluded.bytes,
      tasks = replication_tally.tasks + excluded.tasks, errors = replication_tally.errors + excluded.errors`)
}

type About = Omit<TaskFact, 'status' | 'message'>

async function aboutOf({ db, reader, localUrl }: CopyGround, policy: Policy, job: Job<CopyParams>): Promise<About> {
  const { source, target, items, operation, resourceType } = job.params
  const endpoint = await findEndpoint(db, policy.endpointId)
  const local = (name: string): TaskSide => ({
    endpointId: 0,
    name: '',
    type: 'harbor',
    url: localUrl,
    namespace: namespaceOf(name),
  })
  const isPush = policy.direction === 'push'
  const ours = (isPush ? source : target) as RepositoryName
  const project = await findProject(reader, projectOf(ours))
  return {
    projectId: project?.id ?? null,
    repository: ours,
    operation,
    resourceType,
    overrides: policy.overrides,
    trigger: job.trigger,
    creator: policy.creator,
    executionId: job.executionId,
    taskId: job.taskId,
    startedAt: new Date().toISOString(),
    source: isPush ? local(source) : remote(endpoint, source),
    target: isPush ? remote(endpoint, target) : local(target),
    artifact: `${source.slice(source.lastIndexOf('/') + 1)} [${items.length} item(s) in total]`,
    references: items
      .flatMap(({ tags, digest }) => (tags.length > 0 || !digest ? tags : [digest]))
      .slice(0, mostReferences),
  }
}

const namespaceOf = (name: string) => name.slice(0, Math.max(0, name.lastIndexOf('/')))

function remote(endpoint: Endpoint | undefined, name: string): TaskSide {
  const { id = 0, name: called = '', type = '', url = '' } = endpoint ?? {}
  return { endpointId: id, name: called, type, url, namespace: namespaceOf(name) }
}

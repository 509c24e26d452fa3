import { OciError } from '../../../oci/errors.ts'
import type { Tx } from '../../platform/db/db.ts'
import type { Db } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { Maybe } from '../../platform/maybe.ts'
import { countUsage } from '../../catalog/usage.ts'
import type { UntagGates } from '../../registry/gate.ts'
import { proxyActor } from '../../registry/views/proxied/actor.ts'
import type { CacheRules } from '../../registry/views/proxied/rules.ts'
import { deleteArtifact } from '../artifacts/index.ts'
import { listCaches, listUnused, type Candidate } from './store.ts'
import { facts } from './topics.ts'

export type EvictGround = {
  db: Db
  gates: UntagGates
  rulesOf(projectId: number): Maybe<CacheRules>
  /** What was used in this time stays, in ms: it may be being pulled. */
  graceMs?: number
}

/** Longer than the pull of a large image takes, and than it takes to write down that it was pulled. */
const graceMs = 15 * 60_000

/** How many artifacts are looked at at once. */
const batch = 100

type Project = { id: number; name: string }

/** Looks at all caches, one after the other. */
export async function evictAll(ground: EvictGround, signal: AbortSignal): Promise<void> {
  for (let after = 0; ;) {
    const caches = await listCaches(ground.db, after)
    for (const project of caches) {
      if (signal.aborted) return
      await evict(ground, project, signal)
    }
    if (caches.length === 0) return
    after = caches.at(-1)!.id
  }
}

/** Evicts what nobody pulled for as long as the project says; then, down to its budget, what waited longest. */
async function evict(ground: EvictGround, project: Project, signal: AbortSignal): Promise<void> {
  const { unpulledDays, budgetBytes } = await ground.rulesOf(project.id)
  if (unpulledDays > 0) {
    const before = new Date(Date.now() - unpulledDays * 86_400_000)
    await evictWhile(ground, project, { reason: 'age', before, signal, isNeeded: async () => true })
  }
  if (budgetBytes === 0) return
  const isNeeded = async () => (await countUsage(ground.db, project.id)) > budgetBytes
  await evictWhile(ground, project, { reason: 'budget', before: undefined, signal, isNeeded })
}

type Eviction = {
  reason: 'age' | 'budget'
  before: Date | undefined
  signal: AbortSignal
  isNeeded(): Promise<boolean>
}

async function evictWhile(ground: EvictGround, project: Project, eviction: Eviction): Promise<void> {
  const { reason, before, signal, isNeeded } = eviction
  let count = 0
  /** Those that a rule holds are not looked at again. */
  const kept = new Set<string>()
  const look = { before, graceMs: ground.graceMs ?? graceMs }
  try {
    for (;;) {
      const candidates = await listUnused(ground.db, project.id, { ...look, limit: batch + kept.size })
      const wanted = candidates.filter(({ repository, digest }) => !kept.has(`${repository}@${digest}`))
      if (wanted.length === 0) return
      for (const one of wanted) {
        if (signal.aborted || !(await isNeeded())) return
        if (await evictOne(ground, one)) count++
        else kept.add(`${one.repository}@${one.digest}`)
      }
    }
  } finally {
    if (count > 0) {
      const fact = facts.evicted({ projectId: project.id, project: project.name, artifacts: count, reason }, proxyActor)
      await ground.db.transaction((tx) => emit(tx, [fact]))
    }
  }
}

/** Not into the trash: the registry has it still. False when a rule or a pull holds it. */
async function evictOne({ db, gates }: EvictGround, { repositoryId, repository, digest, usedAt }: Candidate) {
  const found = await db.row<{ id: number; projectId: number; name: typeof repository }>(
    sql`select id, project_id as "projectId", name from repository where id = ${repositoryId}`,
  )
  if (!found) return false
  try {
    const isStillDue = (tx: Tx, id: number) => isUnusedSince(tx, id, usedAt)
    await deleteArtifact(db, gates, proxyActor, found, digest, { isStillDue, skipsTrash: true })
    return true
  } catch (error) {
    if (error instanceof Failure || error instanceof OciError) return false
    throw error
  }
}

async function isUnusedSince(tx: Tx, artifactId: number, usedAt: Date): Promise<boolean> {
  const row = await tx.row<{ isUnused: boolean }>(sql`
    select date_trunc('milliseconds', greatest(pulled_at, pushed_at)) <= ${usedAt} as "isUnused"
    from artifact where id = ${artifactId}`)
  return row?.isUnused ?? false
}

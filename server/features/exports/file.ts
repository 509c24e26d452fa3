import { parseDigest, type Digest } from '../../../oci/digest.ts'
import type { Bytes } from '../../platform/blobs/blobs.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { Job, Params } from '../../platform/jobs/type.ts'
import type { Caller } from '../../registry/caller.ts'
import type { Execution } from '../../platform/jobs/views.ts'
import type { SystemArtifacts } from '../system-artifacts/index.ts'

/** The account or robot that asked for an export, as the execution stores it. */
export type Requester = { kind: string; id: number; name: string }

/** The vendor and type of the system artifacts that hold an export's file. */
export type Kind = { vendor: string; type: string }

export function requesterOf(caller: Caller): Requester {
  if (caller.kind === 'anonymous') throw new Failure('UNAUTHORIZED')
  return { kind: caller.kind, id: caller.id, name: caller.name }
}

export function isOf(execution: Pick<Execution, 'attrs'>, { kind, id }: Requester): boolean {
  const by = execution.attrs['by'] as Requester | undefined
  return by?.kind === kind && by.id === id
}

const repositoryOf = (executionId: number) => `export_${executionId}`

/** The job that writes the file. Its `keep` throws when a later run has taken over the execution. */
type Writer = Pick<Job, 'executionId' | 'keep'>

/** Stores the file of an execution, in place of a file of an earlier try. Returns the attributes of the execution. */
export async function saveFile(
  db: Queryable,
  artifacts: SystemArtifacts,
  { vendor, type }: Kind,
  { executionId, keep }: Writer,
  bytes: Bytes,
): Promise<Params> {
  const repository = repositoryOf(executionId)
  // Throws when a later run has taken over: the file to be deleted may then be that run's.
  await keep(db, {})
  for (const { digest } of await artifacts.list({ q: `repository=${repository}` }))
    await artifacts.delete(repository, digest)
  const { digest, size } = await artifacts.create(
    { vendor, repository, type, attrs: { execution: executionId } },
    bytes,
  )
  return { file: { digest, size } }
}

/** The digest of an execution's file; undefined before it is written and after it is deleted. */
export async function findFile(artifacts: SystemArtifacts, { id, attrs }: Execution): Promise<Digest | undefined> {
  const file = attrs['file'] as { digest: string } | undefined
  if (!file) return undefined
  const digest = parseDigest(file.digest)
  return (await artifacts.exists(repositoryOf(id), digest)) ? digest : undefined
}

/** The ids of those executions that have a file. Takes at most 100 ids. */
export async function listPresent(artifacts: SystemArtifacts, ids: number[]): Promise<Set<number>> {
  if (ids.length === 0) return new Set()
  const found = await artifacts.list({ q: `repository={${ids.map(repositoryOf).join(' ')}}`, page_size: 100 })
  return new Set(found.map(({ attrs }) => Number(attrs['execution'])))
}

export function readFile(artifacts: SystemArtifacts, executionId: number, digest: Digest) {
  return artifacts.read(repositoryOf(executionId), digest)
}

/** Deletes the file after its first whole download; another download at the same time may have deleted it already. */
export async function dropFile(artifacts: SystemArtifacts, executionId: number, digest: Digest): Promise<void> {
  await artifacts.delete(repositoryOf(executionId), digest).catch((error: unknown) => {
    if (!(error instanceof Failure) || error.code !== 'NOT_FOUND') throw error
  })
}

/** Counts the exports of a requester that have not ended. */
export async function countUnfinished(db: Queryable, vendorType: string, { kind, id }: Requester): Promise<number> {
  const row = await db.row<{ count: number }>(sql`
    select count(*) from execution
    where vendor_type = ${vendorType} and vendor_id = ${id} and ended_at is null
      and extra_attrs -> 'by' ->> 'kind' = ${kind}`)
  return row!.count
}

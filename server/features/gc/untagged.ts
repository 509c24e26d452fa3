import type { Digest } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import type { Repository } from '../../catalog/repository.ts'
import type { Tx } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { Failure } from '../../platform/http/failure.ts'
import { deleteArtifact } from '../artifacts/index.ts'
import type { Run } from './run.ts'

const batch = 200

type Untagged = { id: number; digest: Digest; repositoryId: number; projectId: number; name: RepositoryName }

/**
 * Deletes untagged artifacts as a user would: with the parts that only they need and with their accessories. Kept, as
 * in Harbor: parts of an index, accessories and referrers of an existing artifact (signatures, SBOMs), and artifacts
 * pushed within the delay. Reads every artifact, since no queue lists those without a tag.
 */
export async function deleteUntagged(run: Run): Promise<void> {
  for (let after = 0; run.step();) {
    const rows = await listUntagged(run, after)
    for (const row of rows) await deleteOne(run, row)
    if (rows.length < batch) return
    after = rows.at(-1)!.id
  }
}

/** The condition on `artifact` for being deleted. A referrer is kept only while its subject exists. */
const isUntagged = (before: Date) => sql`
  artifact.pushed_at < ${before}
  and not exists (select from tag where tag.artifact_id = artifact.id)
  and not exists (
    select from artifact_child
    where artifact_child.repository_id = artifact.repository_id and artifact_child.child_id = artifact.id)
  and not exists (
    select from artifact subject
    where subject.repository_id = artifact.repository_id and subject.digest = artifact.subject_digest)
  and not exists (
    select from accessory join artifact subject
      on subject.repository_id = accessory.repository_id and subject.digest = accessory.subject_digest
    where accessory.artifact_id = artifact.id)`

function listUntagged({ db, before }: Run, after: number): Promise<Untagged[]> {
  return db.rows<Untagged>(sql`
    select artifact.id, artifact.digest, repository.id as "repositoryId", repository.project_id as "projectId",
      repository.name
    from artifact join repository on repository.id = artifact.repository_id
    where artifact.id > ${after} and ${isUntagged(before)} order by artifact.id limit ${batch}`)
}

async function deleteOne(run: Run, { digest, repositoryId, projectId, name }: Untagged): Promise<void> {
  const { db, by, gates, before, totals, say, told, options } = run
  if (!run.step()) return
  const repository: Repository = { id: repositoryId, projectId, name }
  const isStillUntagged = async (tx: Tx, id: number) =>
    (await tx.row(sql`select artifact.id from artifact where artifact.id = ${id} and ${isUntagged(before)}`)) !==
    undefined
  try {
    if (!options.isDryRun) await deleteArtifact(db, gates, by, repository, digest, { isStillDue: isStillUntagged })
    totals.artifacts++
    told()
    say(
      'artifacts without a tag',
      `${options.isDryRun ? 'would delete' : 'delete'} the artifact ${name}@${digest}: it has no tag`,
    )
  } catch (error) {
    // The artifact was tagged, used or deleted meanwhile, or an immutability rule keeps a tag of an accessory.
    if (!(error instanceof Failure) && !(error instanceof OciError)) throw error
    say('artifacts that stay', `${name}@${digest} stays: ${error.message}`, 'WARNING')
  }
}

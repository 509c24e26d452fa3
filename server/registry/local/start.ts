import type { DigestAlgorithm } from '../../../oci/digest.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import type { Stage } from '../../platform/blobs/blobs.ts'
import { DatabaseUnavailable, type Db } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { batching } from '../../platform/gather.ts'

/** `claim`: of the request that works on it already. */
export type NewUpload = {
  id: string
  projectId: number
  name: RepositoryName
  accountId: number | null
  algorithm: DigestAlgorithm
  stage: Stage
  claim?: string | undefined
}

/** Returns the function that writes the row of a new upload; those of the same moment share one statement. */
export function openStarts(db: Db): (upload: NewUpload) => Promise<void> {
  return batching({
    ask: (uploads: NewUpload[]) => insertUploads(db, uploads),
    isCommon: (error) => error instanceof DatabaseUnavailable,
    atMost: 100,
  })
}

async function insertUploads(db: Db, uploads: NewUpload[]): Promise<void[]> {
  await db.relaxed.run(sql`
    insert into upload (id, project_id, repository, account_id, algorithm, stage, claim, claimed_at)
    select id, project_id, repository, account_id, algorithm, stage::jsonb,
      claim, case when claim is not null then now() end
    from unnest(
      ${uploads.map(({ id }) => id)}::uuid[],
      ${uploads.map(({ projectId }) => projectId)}::bigint[],
      ${uploads.map(({ name }) => name)}::text[],
      ${uploads.map(({ accountId }) => accountId)}::bigint[],
      ${uploads.map(({ algorithm }) => algorithm)}::text[],
      ${uploads.map(({ stage }) => JSON.stringify(stage))}::text[],
      ${uploads.map(({ claim }) => claim ?? null)}::uuid[])
      as one (id, project_id, repository, account_id, algorithm, stage, claim)`)
  return uploads.map(() => undefined)
}

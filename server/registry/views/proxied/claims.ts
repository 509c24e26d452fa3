import type { Digest } from '../../../../oci/digest.ts'
import type { RepositoryName } from '../../../../oci/reference.ts'
import type { Queryable } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'

/** A download whose row was not renewed for so long, in ms, is that of a process that has ended. */
export const leaseMs = 15_000

/** What is fetched, for which project. `most`: how many downloads the project may have at a time; 0: any number. */
type Wanted = { projectId: number; repository: RepositoryName; digest: Digest; most: number }

/**
 * Ours, `before` being the file of a process that had it and has ended; that of another process, which writes to
 * `file`; or none, as the project has as many as it may.
 */
type Claim = { kind: 'ours'; before: string | null } | { kind: 'theirs'; file: string } | { kind: 'full' }

/** Claims the download of a blob for `owner`, unless another process has it. */
export async function claimDownload(db: Queryable, owner: string, file: string, wanted: Wanted): Promise<Claim> {
  const { projectId, repository, digest, most } = wanted
  const isLate = sql`proxied_download.renewed_at < clock_timestamp() - ${leaseMs}::float8 * interval '1 ms'`
  const ours = await db.row<{ before: string | null }>(sql`
    with lost as (select file from proxied_download where repository = ${repository} and digest = ${digest})
    insert into proxied_download (repository, digest, project_id, owner, file)
    select ${repository}, ${digest}, ${projectId}, ${owner}::uuid, ${file}
    where ${most} = 0 or ${most} > (
      select count(*) from proxied_download where project_id = ${projectId} and not ${isLate})
      or exists (select from proxied_download where repository = ${repository} and digest = ${digest})
    on conflict (repository, digest) do update
      set owner = excluded.owner, file = excluded.file, renewed_at = clock_timestamp()
      where ${isLate}
    returning (select file from lost) as before`)
  if (ours) return { kind: 'ours', ...ours }
  const theirs = await findDownload(db, repository, digest)
  return theirs ? { kind: 'theirs', file: theirs.file } : { kind: 'full' }
}

/** The download of a blob that is under way in some process. */
export function findDownload(
  db: Queryable,
  repository: RepositoryName,
  digest: Digest,
): Promise<{ file: string; owner: string } | undefined> {
  return db.row(sql`
    select file, owner from proxied_download
    where repository = ${repository} and digest = ${digest}
      and renewed_at >= clock_timestamp() - ${leaseMs}::float8 * interval '1 ms'`)
}

/** Says that the owner's downloads go on. */
export const renewDownloads = (db: Queryable, owner: string): Promise<number> =>
  db.run(sql`update proxied_download set renewed_at = clock_timestamp() where owner = ${owner}::uuid`)

export async function dropDownload(db: Queryable, owner: string, repository: string, digest: Digest): Promise<void> {
  await db.run(sql`
    delete from proxied_download
    where repository = ${repository} and digest = ${digest} and owner = ${owner}::uuid`)
}

/**
 * Leaves a download that was cut for whoever asks for the blob next: `file` has its first bytes. Does nothing when
 * another process has taken over.
 */
export async function leaveDownload(
  db: Queryable,
  { owner, repository, digest, file }: { owner: string; repository: string; digest: Digest; file: string },
): Promise<void> {
  await db.run(sql`
    update proxied_download set file = ${file},
      renewed_at = clock_timestamp() - ${leaseMs + 1}::float8 * interval '1 ms'
    where repository = ${repository} and digest = ${digest} and owner = ${owner}::uuid`)
}

/** Forgets cut downloads that nobody has taken over for `ms`. */
export async function forgetLeft(db: Queryable, ms: number): Promise<void> {
  await db.run(sql`
    delete from proxied_download where renewed_at < clock_timestamp() - ${ms}::float8 * interval '1 ms'`)
}

/** The files that downloads of any process still write, or have left. */
export async function listFiles(db: Queryable): Promise<Set<string>> {
  const rows = await db.rows<{ file: string }>(sql`select file from proxied_download limit 100000`)
  return new Set(rows.map(({ file }) => file))
}

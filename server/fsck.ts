import { algorithmOf, digestOf, finishDigest, isDigest, type Digest } from '../oci/digest.ts'
import { parseManifest, type Manifest } from '../oci/manifest.ts'
import { createHash } from 'node:crypto'
import { blobPath } from './catalog/blob.ts'
import { BlobMissing, type Blobs } from './platform/blobs/blobs.ts'
import type { Queryable } from './platform/db/db.ts'
import { sql } from './platform/db/sql.ts'

/** `loss`: something acknowledged cannot be served as it was. `litter`: bytes nobody refers to, as a crash leaves them. */
export type Finding = { kind: 'loss' | 'litter'; what: string; /** Of bytes that are left over. */ digest?: Digest }
export type FsckReport = { blobs: number; artifacts: number; tags: number; bytes: number; findings: Finding[] }
type FsckOptions = { db: Queryable; blobs: Blobs; readsDigests: boolean; onProgress?: (done: number, total: number) => void }

/** Ids of blobs that one statement of a repair covers. */
const stretch = 10_000

type BlobRow = { id: number; digest: Digest; size: number }
type Tell = (kind: Finding['kind'], what: string, digest?: Digest) => void

/** Rows looked at per query. */
const page = 500

/**
 * Compares storage and database in both directions and changes nothing. With `readsDigests` every stored byte is read and
 * hashed again; without, sizes are compared. Safe while Marina runs: what a push adds meanwhile
 * is not taken for litter, what a collection takes meanwhile not for lost.
 */
export async function checkStorage({ db, blobs, readsDigests, onProgress }: FsckOptions): Promise<FsckReport> {
  const report: FsckReport = { blobs: 0, artifacts: 0, tags: 0, bytes: 0, findings: [] }
  const found: Tell = (kind, what, digest) => void report.findings.push({ kind, what, ...(digest ? { digest } : {}) })
  const total = (await db.row<{ count: number }>(sql`select (select count(*) from blob) + (select count(*) from artifact) as count`))!.count
  const progress = () => onProgress?.(report.blobs + report.artifacts, total)

  for await (const blob of inPages<BlobRow>((after) => db.rows(sql`select id, digest, size from blob where id > ${after} order by id limit ${page}`))) {
    report.blobs++
    report.bytes += blob.size
    const problem = await blobProblem(blobs, blob, readsDigests)
    // A collection may have taken it since its page was read.
    if (problem && (await isStill(db, blob))) found('loss', `blob ${blob.digest}: ${problem}`)
    progress()
  }

  type Row = { id: number; digest: Digest; mediaType: string; content: Buffer | null; repository: string; held: Digest[] | null; children: Digest[] | null }
  for await (const row of inPages<Row>((after) =>
    db.rows(sql`
      select artifact.id, artifact.digest, artifact.media_type as "mediaType", manifest.content, repository.name as repository,
        (select array_agg(blob.digest) from artifact_blob join blob on blob.id = artifact_blob.blob_id where artifact_blob.artifact_id = artifact.id) as held,
        (select array_agg(child.digest) from artifact_child join artifact child on child.id = artifact_child.child_id where artifact_child.parent_id = artifact.id) as children
      from artifact join repository on repository.id = artifact.repository_id left join manifest on manifest.artifact_id = artifact.id
      where artifact.id > ${after} order by artifact.id limit ${page}`),
  )) {
    report.artifacts++
    for (const problem of artifactProblems(row)) found('loss', `artifact ${row.repository}@${row.digest}: ${problem}`)
    progress()
  }
  report.tags = (await db.row<{ count: number }>(sql`select count(*) from tag`))!.count
  await findLitter(db, blobs, found)
  return report
}

async function blobProblem(blobs: Blobs, { digest, size }: BlobRow, readsDigests: boolean): Promise<string | undefined> {
  try {
    const stored = await blobs.find(blobPath(digest))
    if (!stored) return 'its bytes are missing'
    if (stored.size !== size) return `${stored.size} bytes are stored, ${size} were pushed`
    return readsDigests && (await digestOfStored(blobs, digest)) !== digest ? 'its bytes were altered' : undefined
  } catch (error) {
    if (error instanceof BlobMissing) return 'its bytes are missing'
    throw error
  }
}

/** An id is never given again: the same blob pushed anew comes with a later one, which is looked at as well. */
async function isStill(db: Queryable, { id, size }: BlobRow): Promise<boolean> {
  return (await db.row(sql`select id from blob where id = ${id} and size = ${size}`)) !== undefined
}

/**
 * Hands what is left over to the next garbage collection, which takes it after its delay and not at all when somebody needs it
 * by then: bytes without a blob, blobs that nobody holds, holds that no manifest needs. Losses cannot be repaired from here: push again.
 */
export async function queueLitter(db: Queryable, findings: Finding[]): Promise<{ files: number; blobs: number; holds: number }> {
  const digests = findings.flatMap(({ digest }) => digest ?? [])
  let files = 0
  for (let at = 0; at < digests.length; at += page) {
    files += await db.run(sql`insert into stray (digest) select digest from unnest(${digests.slice(at, at + page)}::text[]) as digest order by digest on conflict do nothing`)
  }
  const queued = { files, blobs: 0, holds: 0 }
  const last = (await db.row<{ id: number | null }>(sql`select max(id) as id from blob`))?.id ?? 0
  for (let after = 0; after < last; after += stretch) {
    queued.blobs += await db.run(sql`
      insert into blob_candidate (blob_id) select id from blob where id > ${after} and id <= ${after + stretch} and not is_blob_held(id) order by id on conflict do nothing`)
    queued.holds += await db.run(sql`
      insert into unused_link (repository_id, blob_id) select repository_id, blob_id from repository_blob held where blob_id > ${after} and blob_id <= ${after + stretch}
        and not exists (select from artifact_blob used where used.repository_id = held.repository_id and used.blob_id = held.blob_id) order by 1, 2 on conflict do nothing`)
  }
  return queued
}

function artifactProblems(row: { digest: Digest; mediaType: string; content: Buffer | null; held: Digest[] | null; children: Digest[] | null }): string[] {
  if (!row.content) return ['its manifest is missing']
  if (digestOf(row.content, algorithmOf(row.digest)) !== row.digest) return ['its manifest was altered']
  const manifest = read(row.content, row.mediaType)
  if (manifest instanceof Error) return [`its manifest cannot be read: ${manifest.message}`]
  const blobs = [...(manifest.config ? [manifest.config] : []), ...manifest.layers].filter(({ urls }) => !urls?.length)
  return [
    ...blobs.filter(({ digest }) => !row.held?.includes(digest)).map(({ digest }) => `it needs the blob ${digest}, which nothing keeps for it`),
    ...manifest.children.filter(({ digest }) => !row.children?.includes(digest)).map(({ digest }) => `it needs the manifest ${digest}, which nothing keeps for it`),
  ]
}

function read(content: Buffer, mediaType: string): Manifest | Error {
  try {
    return parseManifest(content, mediaType)
  } catch (error) {
    return error as Error
  }
}

/** Stored bytes that no row knows: written before a crash, or between two steps of a push that is still running. */
async function findLitter(db: Queryable, blobs: Blobs, found: Tell) {
  let batch: { digest: Digest; size: number }[] = []
  const compare = async () => {
    const known = await db.rows<{ digest: Digest }>(sql`select digest from blob where digest = any(${batch.map(({ digest }) => digest)}::text[])`)
    const digests = new Set(known.map(({ digest }) => digest))
    for (const { digest, size } of batch) if (!digests.has(digest)) found('litter', `stored bytes of ${digest} (${size} bytes) belong to no blob`, digest)
    batch = []
  }
  for await (const { key, size } of blobs.list('docker/registry/v2/blobs')) {
    const digest = digestAt(key)
    if (!digest) found('litter', `${key} (${size} bytes) is not where a blob would be`)
    else if (batch.push({ digest, size }) === page) await compare()
  }
  await compare()
}

/** The digest whose bytes belong at this key, if there is one. */
function digestAt(key: string): Digest | undefined {
  const [, algorithm, hex] = /\/(sha256|sha512)\/[0-9a-f]{2}\/([0-9a-f]+)\/data$/.exec(key) ?? []
  const digest = `${algorithm}:${hex}`
  return isDigest(digest) && blobPath(digest) === key ? digest : undefined
}

async function digestOfStored(blobs: Blobs, digest: Digest): Promise<Digest | undefined> {
  const algorithm = algorithmOf(digest)
  const hash = createHash(algorithm)
  for await (const chunk of (await blobs.read(blobPath(digest))) as AsyncIterable<Buffer>) hash.update(chunk)
  return finishDigest(hash, algorithm)
}

async function* inPages<Row extends { id: number }>(read: (after: number) => Promise<Row[]>): AsyncGenerator<Row> {
  for (let after = 0; ; ) {
    const rows = await read(after)
    yield* rows
    if (rows.length < page) return
    after = rows.at(-1)!.id
  }
}


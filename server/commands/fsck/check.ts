import { createHash } from 'node:crypto'
import { algorithmOf, digestOf, finishDigest, isDigest, type Digest } from '../../../oci/digest.ts'
import { isManifestType } from '../../../oci/media-type.ts'
import { parseManifest, type Manifest } from '../../../oci/manifest.ts'
import { blobPath } from '../../catalog/blob.ts'
import { BlobMissing, type Blobs } from '../../platform/blobs/blobs.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { sql, type Sql } from '../../platform/db/sql.ts'

/**
 * `loss`: something acknowledged cannot be served as it was. `litter`: bytes that nothing refers to, as a crash leaves
 * them.
 */
export type Finding = { kind: 'loss' | 'litter'; what: string; /** Whose stored bytes are litter. */ digest?: Digest }
export type FsckReport = { blobs: number; artifacts: number; tags: number; bytes: number; findings: Finding[] }
type FsckOptions = {
  db: Queryable
  blobs: Blobs
  readsDigests: boolean
  onProgress?: (done: number, total: number) => void
}

type BlobRow = { id: number; digest: Digest; size: number }
type ArtifactRow = {
  id: number
  digest: Digest
  mediaType: string
  content: Buffer | null
  repository: string
  /** The blobs, and below the manifests, that the database keeps for this artifact. */
  held: Digest[] | null
  children: Digest[] | null
}
type Tell = (kind: Finding['kind'], what: string, digest?: Digest) => void

/** How many rows one query reads. */
const page = 500

/**
 * Compares storage and database in both directions and changes nothing. With `readsDigests` every stored byte is read
 * and hashed again; without, sizes are compared. Safe while Marina runs: what a push adds meanwhile is not taken for
 * litter, what a collection takes meanwhile not for lost.
 */
export async function checkStorage({ db, blobs, readsDigests, onProgress }: FsckOptions): Promise<FsckReport> {
  const report: FsckReport = { blobs: 0, artifacts: 0, tags: 0, bytes: 0, findings: [] }
  const found: Tell = (kind, what, digest) => void report.findings.push({ kind, what, ...(digest ? { digest } : {}) })
  const total = await count(db, sql`select (select count(*) from blob) + (select count(*) from artifact) as count`)
  const progress = () => onProgress?.(report.blobs + report.artifacts, total)
  for await (const blob of inPages((after) => readBlobs(db, after))) {
    report.blobs++
    report.bytes += blob.size
    const problem = await blobProblem(blobs, blob, readsDigests)
    // A garbage collection may have taken the blob since its page was read.
    if (problem && (await lasts(db, blobs, blob, readsDigests))) found('loss', `blob ${blob.digest}: ${problem}`)
    progress()
  }
  for await (const row of inPages((after) => readArtifacts(db, after))) {
    report.artifacts++
    for (const problem of artifactProblems(row)) found('loss', `artifact ${row.repository}@${row.digest}: ${problem}`)
    progress()
  }
  report.tags = await count(db, sql`select count(*) from tag`)
  await findLitter(db, blobs, found)
  return report
}

async function count(db: Queryable, question: Sql): Promise<number> {
  return (await db.row<{ count: number }>(question))!.count
}

function readBlobs(db: Queryable, after: number): Promise<BlobRow[]> {
  return db.rows(sql`select id, digest, size from blob where id > ${after} order by id limit ${page}`)
}

function readArtifacts(db: Queryable, after: number): Promise<ArtifactRow[]> {
  return db.rows(sql`
    select artifact.id, artifact.digest, artifact.media_type as "mediaType", manifest.content,
      repository.name as repository,
      (select array_agg(blob.digest) from artifact_blob join blob on blob.id = artifact_blob.blob_id
        where artifact_blob.artifact_id = artifact.id) as held,
      (select array_agg(child.digest) from artifact_child join artifact child on child.id = artifact_child.child_id
        where artifact_child.parent_id = artifact.id) as children
    from artifact join repository on repository.id = artifact.repository_id
    left join manifest on manifest.artifact_id = artifact.id
    where artifact.id > ${after} order by artifact.id limit ${page}`)
}

async function blobProblem(blobs: Blobs, row: BlobRow, readsDigests: boolean): Promise<string | undefined> {
  const { digest, size } = row
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

/**
 * Is a problem more than a moment? The database may have the bytes of a lost file, or had them until a round wrote that
 * file again just now.
 */
async function lasts(db: Queryable, blobs: Blobs, blob: BlobRow, readsDigests: boolean): Promise<boolean> {
  if ((await isUnsynced(db, blob)) || !(await isStill(db, blob))) return false
  return (await blobProblem(blobs, blob, readsDigests)) !== undefined && (await isStill(db, blob))
}

/** Does the database have the bytes, because the file is not synced yet? Then the file is written again in time. */
async function isUnsynced(db: Queryable, { id }: BlobRow): Promise<boolean> {
  return (await db.row(sql`select blob_id from blob_unsynced where blob_id = ${id}`)) !== undefined
}

/** Is the row still there? No id is used twice: the same blob pushed again has a later id, and is checked as well. */
async function isStill(db: Queryable, { id, size }: BlobRow): Promise<boolean> {
  return (await db.row(sql`select id from blob where id = ${id} and size = ${size}`)) !== undefined
}

function artifactProblems(row: ArtifactRow): string[] {
  if (!row.content) return ['its manifest is missing']
  if (digestOf(row.content, algorithmOf(row.digest)) !== row.digest) return ['its manifest was altered']
  const manifest = read(row.content, row.mediaType)
  if (manifest instanceof Error) return [`its manifest cannot be read: ${manifest.message}`]
  const blobs = [...(manifest.config ? [manifest.config] : []), ...manifest.layers].filter(({ urls }) => !urls?.length)
  const lostBlobs = blobs.filter(({ digest }) => !row.held?.includes(digest))
  const lostManifests = manifest.children.filter(
    ({ digest, mediaType }) =>
      !row.children?.includes(digest) && (isManifestType(mediaType) || !row.held?.includes(digest)),
  )
  return [
    ...lostBlobs.map(({ digest }) => `it needs the blob ${digest}, which nothing keeps for it`),
    ...lostManifests.map(({ digest }) => `it needs the manifest ${digest}, which nothing keeps for it`),
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
    const known = await knownDigests(
      db,
      batch.map(({ digest }) => digest),
    )
    for (const { digest, size } of batch.filter((one) => !known.has(one.digest))) {
      found('litter', `stored bytes of ${digest} (${size} bytes) belong to no blob`, digest)
    }
    batch = []
  }
  for await (const { key, size } of blobs.list('docker/registry/v2/blobs')) {
    const digest = digestAt(key)
    if (!digest) found('litter', `${key} (${size} bytes) is not where a blob would be`)
    else if (batch.push({ digest, size }) === page) await compare()
  }
  await compare()
}

async function knownDigests(db: Queryable, digests: Digest[]): Promise<Set<Digest>> {
  const rows = await db.rows<{ digest: Digest }>(sql`select digest from blob where digest = any(${digests}::text[])`)
  return new Set(rows.map(({ digest }) => digest))
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
  for (let after = 0; ;) {
    const rows = await read(after)
    yield* rows
    if (rows.length < page) return
    after = rows.at(-1)!.id
  }
}

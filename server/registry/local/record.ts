import { Readable } from 'node:stream'
import { OciError } from '../../../oci/errors.ts'
import { projectOf, type RepositoryName } from '../../../oci/reference.ts'
import { blobPath, isDoubtful, rescueBytes, saveBlobs } from '../../catalog/blob.ts'
import { findProject, type Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import { ensureRepository, findRepository, type Repository } from '../../catalog/repository.ts'
import type { Actor } from '../../catalog/topics.ts'
import { DatabaseUnavailable, isReferenceViolation } from '../../platform/db/db.ts'
import { failpoint } from '../../platform/failpoint.ts'
import { batching } from '../../platform/gather.ts'
import { TurnsFull } from '../../platform/turns.ts'
import { passGates } from '../gate.ts'
import type { BlobStat } from '../registry.ts'
import { dropClaimed, type Claimed } from './claim.ts'
import type { LocalOptions } from './options.ts'
import type { LaterFiles } from './unsynced/later.ts'
import { areStored } from './unsynced/right.ts'

/** How often a push is tried in all, when what it relies on is deleted at the same time. */
const looks = 5
/**
 * How long after its last byte a blob may be recorded, in ms; later is 503. A collection remembers for an hour which
 * bytes it took: a push that records later could not be told that its bytes are gone again.
 */
const recordWithinMs = 10 * 60_000

type RecordOptions = Pick<LocalOptions, 'db' | 'cache' | 'blobs' | 'gates' | 'turns'> & {
  files?: LaterFiles | undefined
}

/**
 * Bytes to be recorded as a blob of a repository: durable in storage, or given as `bytes`, which become durable with
 * the record and get their file after it. `upload`, if any, ends with that.
 */
type Arrived = { name: RepositoryName; by: Actor; blob: BlobStat; bytes?: Buffer | undefined; upload?: Claimed }
/**
 * `writtenAt`: when the bytes were stored, by performance.now(). `repository` is undefined before its first push.
 * `hasRow`: whether the upload has a row.
 */
type Recording = Arrived & {
  project: Project
  repository: Repository | undefined
  writtenAt: number
  hasRow: boolean
}

/** The most blobs that one transaction records. */
const mostTogether = 100

/**
 * Returns the function that records blobs. Those of one project that arrive while a transaction is under way are
 * recorded by the next one together (group commit): one lock of the project's quota and one sync of the log serve all.
 */
export function openRecords(options: RecordOptions): (arrived: Arrived) => Promise<BlobStat> {
  const { db, cache, turns } = options
  const reader = { db, cache }
  const save = batching({
    ask: (all: Recording[]) => turns.take(all[0]!.project.name, () => saveTogether(options, all)),
    keyOf: ({ project }) => project.name,
    isCommon: (error) => error instanceof DatabaseUnavailable || error instanceof TurnsFull,
    atMost: mostTogether,
  })

  return async (arrived) => {
    const { name, blob, bytes, upload } = arrived
    const project = await getProject(reader, name)
    const writtenAt = performance.now()
    const hasRow = (await upload?.young?.seal()) ?? true
    let isStored = false
    for (let look = 1; ; look++) {
      try {
        const repository = await findRepository(reader, name)
        await save({ ...arrived, project, repository, writtenAt, hasRow })
        if (upload) upload.isOver = true
        upload?.young?.end()
        if (bytes) {
          failpoint('blob.recorded')
          if (!isStored) options.files?.follow(blob.digest, bytes)
        }
        return blob
      } catch (error) {
        if (look === looks) throw error
        if (isDoubtful(error)) {
          await rescue(options, arrived, error)
          isStored = true
        }
        // The repository's or the blob's row was deleted after it was found: the next try makes it again.
        else if (!isReferenceViolation(error)) throw error
      }
    }
  }
}

/** Records blobs of one project in one transaction, which all of them share: one that is refused undoes it. */
function saveTogether({ db, gates }: RecordOptions, all: Recording[]): Promise<void[]> {
  return db.transaction(async (tx) => {
    const ids = new Map<RepositoryName, number>()
    for (const { name, by, project, repository, blob, writtenAt } of all) {
      if (performance.now() - writtenAt > recordWithinMs) throw tooLate()
      await passGates(gates, tx, { kind: 'blob', project, repository: name, ...blob })
      if (!ids.has(name)) ids.set(name, (repository ?? (await ensureRepository(tx, project, name, by))).id)
    }
    await saveBlobs(
      tx,
      all.map(({ name, blob, bytes }) => ({ repositoryId: ids.get(name)!, ...blob, bytes })),
    )
    failpoint('blob.linked')
    const uploads = all.flatMap(({ upload, hasRow }) => (upload && hasRow ? upload : []))
    if (uploads.length > 0) await dropClaimed(tx, uploads)
    return all.map(() => undefined)
  })
}

/** The project of a repository. Throws NAME_UNKNOWN when it does not exist. */
export async function getProject(reader: Reader, name: RepositoryName): Promise<Project> {
  const project = await findProject(reader, projectOf(name))
  if (!project) throw new OciError('NAME_UNKNOWN', `the project ${projectOf(name)} does not exist`)
  return project
}

/** Keeps bytes that a collection is about to take; when they are gone already, asks the client to send them again. */
async function rescue({ db, blobs }: RecordOptions, { blob, bytes }: Arrived, cause: unknown): Promise<void> {
  const areThere = async () => {
    if (await areStored(blobs, blob)) return true
    if (bytes) await blobs.write(blobPath(blob.digest), Readable.from([bytes]))
    return bytes !== undefined
  }
  if (await db.transaction((tx) => rescueBytes(tx, blob.digest, areThere))) return
  const headers = { 'retry-after': '1' }
  throw new OciError('BLOB_UPLOAD_UNKNOWN', 'a garbage collection removed these bytes: start again', { cause, headers })
}

const tooLate = () =>
  new OciError('UNAVAILABLE', 'recording the blob took too long: push it again', { headers: { 'retry-after': '1' } })

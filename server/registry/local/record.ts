import { OciError } from '../../../oci/errors.ts'
import { projectOf, type RepositoryName } from '../../../oci/reference.ts'
import { blobPath, isDoubtful, rescueBytes, saveBlob } from '../../catalog/blob.ts'
import { findProject, type Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import { ensureRepository } from '../../catalog/repository.ts'
import type { Actor } from '../../catalog/topics.ts'
import { isReferenceViolation, type Tx } from '../../platform/db/db.ts'
import { failpoint } from '../../platform/failpoint.ts'
import { passGates } from '../gate.ts'
import type { BlobStat } from '../registry.ts'
import type { LocalOptions } from './options.ts'

/** How often a push is tried in all, when what it relies on is deleted at the same time. */
const looks = 5
/**
 * How long after its last byte a blob may be recorded, in ms; later is 503. A collection remembers for an hour which
 * bytes it took: a push that records later could not be told that its bytes are gone again.
 */
const recordWithinMs = 10 * 60_000

type RecordOptions = Pick<LocalOptions, 'db' | 'cache' | 'blobs' | 'gates' | 'turns'>

/** Records durable bytes as a blob of the repository, in one transaction with what `also` does. */
export async function recordBlob(
  options: RecordOptions,
  name: RepositoryName,
  by: Actor,
  blob: BlobStat,
  also?: (tx: Tx) => Promise<void>,
): Promise<BlobStat> {
  const { db, gates, turns } = options
  const project = await getProject(options, name)
  const writtenAt = performance.now()
  const save = () =>
    db.transaction(async (tx) => {
      if (performance.now() - writtenAt > recordWithinMs) throw tooLate()
      await passGates(gates, tx, { kind: 'blob', project, repository: name, ...blob })
      const repository = await ensureRepository(tx, project, name, by)
      await saveBlob(tx, repository.id, blob)
      failpoint('blob.linked')
      await also?.(tx)
    })
  for (let look = 1; ; look++) {
    try {
      await turns.take(project.name, save)
      return blob
    } catch (error) {
      if (look === looks) throw error
      if (isDoubtful(error)) await rescue(options, blob, error)
      // The repository's or the blob's row was deleted after it was found: the next try makes it again.
      else if (!isReferenceViolation(error)) throw error
    }
  }
}

/** The project of a repository. Throws NAME_UNKNOWN when it does not exist. */
export async function getProject(reader: Reader, name: RepositoryName): Promise<Project> {
  const project = await findProject(reader, projectOf(name))
  if (!project) throw new OciError('NAME_UNKNOWN', `the project ${projectOf(name)} does not exist`)
  return project
}

/** Keeps bytes that a collection is about to take; when they are gone already, asks the client to send them again. */
async function rescue({ db, blobs }: RecordOptions, { digest, size }: BlobStat, cause: unknown): Promise<void> {
  const areThere = async () => (await blobs.find(blobPath(digest)))?.size === size
  if (await db.transaction((tx) => rescueBytes(tx, digest, areThere))) return
  const headers = { 'retry-after': '1' }
  throw new OciError('BLOB_UPLOAD_UNKNOWN', 'a garbage collection removed these bytes: start again', { cause, headers })
}

const tooLate = () =>
  new OciError('UNAVAILABLE', 'recording the blob took too long: push it again', { headers: { 'retry-after': '1' } })

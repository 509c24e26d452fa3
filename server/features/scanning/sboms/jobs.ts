import { Readable } from 'node:stream'
import { digestOf } from '../../../../oci/digest.ts'
import { lockArtifact } from '../../../catalog/artifact.ts'
import { findProjectById } from '../../../catalog/project.ts'
import type { Reader } from '../../../catalog/reader.ts'
import type { Actor } from '../../../catalog/topics.ts'
import { isReferenceViolation, type Db, type Tx } from '../../../platform/db/db.ts'
import { failpoint } from '../../../platform/failpoint.ts'
import { handler, HopelessJob, jobType, type Job, type JobHandler } from '../../../platform/jobs/type.ts'
import type { Gates } from '../../../registry/gate.ts'
import { lockGoing } from '../../../registry/local/going.ts'
import { storeManifest } from '../../../registry/local/store-manifests.ts'
import { removeArtifacts } from '../../../registry/local/remove.ts'
import type { Registry } from '../../../registry/registry.ts'
import { describe } from '../../artifacts/index.ts'
import { ScanRefused, type SbomReport, type Scanner, type ScannerDescription } from '../scanners/scanner.ts'
import { accessoryOf, type SbomAccessory } from './accessory.ts'
import { isTheEnd } from '../the-end.ts'
import { tellMade, tellNotMade } from './told.ts'
import { findMadeSbom, findSubject, noteMade, type Subject } from './store.ts'

type SbomParams = { artifactId: number }
type Rules = { sbomsAtOnce: number; timeoutMs: number }
export type JobGround = {
  reader: Reader & { db: Db }
  registry: Pick<Registry, 'writeBlob' | 'readManifest'>
  gates: Gates
  /** Who makes the SBOM of an image: Marina, or the scanner of its project. */
  makerOf(image: Subject, job: Pick<Job, 'log' | 'signal'>): Promise<Scanner<SbomReport>>
}

/** Harbor's vendor type of the executions. */
export const vendorType = 'SBOM'
const maxTries = 3

export const sbomJob = ({ sbomsAtOnce, timeoutMs }: Rules) =>
  jobType<SbomParams>({ name: vendorType, concurrency: sbomsAtOnce, maxTries, timeoutMs, keep: 5 })
export type SbomJob = ReturnType<typeof sbomJob>

/** Who makes SBOMs, as the audit log names it. */
const maker: Actor = { kind: 'system', id: null, name: 'sbom' }

type Run = { job: Job<SbomParams>; scanner: ScannerDescription; startedAt: Date }

/** Makes the SBOM of one image and stores it as an accessory of the image, in the place of the one before. */
export function sbomHandler(type: SbomJob, ground: JobGround): JobHandler {
  return handler(type, async (job) => {
    const startedAt = new Date()
    const image = await findSubject(ground.reader.db, job.params.artifactId)
    if (!image) throw new HopelessJob('the image was deleted')
    try {
      const maker = await ground.makerOf(image, job)
      const run = { job, scanner: await maker.describe(), startedAt }
      job.log(`${run.scanner.name} ${run.scanner.version} looks into ${image.repository}@${image.digest}`)
      const accessory = await store(ground, image, await make(maker, image, job), run)
      job.log(`the SBOM is ${accessory.digest}`, 'INFO', 'last word')
    } catch (error) {
      if (isTheEnd(error, job, maxTries)) await tellNotMade(ground.reader.db, image, job, (error as Error).message)
      throw error
    }
  })
}

async function make(maker: Scanner<SbomReport>, image: Subject, job: Job<SbomParams>): Promise<Buffer> {
  try {
    return (await maker.report(await maker.start(image, job), job)).content
  } catch (error) {
    throw error instanceof ScanRefused ? new HopelessJob(error.message, { cause: error }) : error
  }
}

async function store(ground: JobGround, image: Subject, document: Buffer, run: Run): Promise<SbomAccessory> {
  const { registry, reader } = ground
  const { mediaType, content } = await registry.readManifest(image.repository, { digest: image.digest })
  const accessory = accessoryOf({ mediaType, digest: image.digest, size: content.length }, document, run.startedAt)
  for (const bytes of [accessory.config, document])
    await registry.writeBlob(image.repository, maker, digestOf(bytes), Readable.from([bytes]))
  const replace = () => reader.db.transaction((tx) => replaceSbom(tx, ground, image, accessory, run))
  // Something that it needs was deleted meanwhile: the second look finds out what.
  await replace().catch((error: unknown) => (isReferenceViolation(error) ? replace() : Promise.reject(error as Error)))
  return accessory
}

/** Stores the SBOM through the same gates as a push, and removes the one before in the same transaction. */
async function replaceSbom(
  tx: Tx,
  { gates }: JobGround,
  image: Subject,
  { manifest, content, digest, config }: SbomAccessory,
  { job, scanner, startedAt }: Run,
): Promise<void> {
  const { id, repositoryId, repository: name, projectId } = image
  const project = await findProjectById(tx, projectId)
  if (!project || (await lockArtifact(tx, repositoryId, image.digest)) === undefined)
    throw new HopelessJob('the image was deleted')
  const repository = { id: repositoryId, projectId, name }
  const before = await findMadeSbom(tx, id)
  if (before && before.digest !== digest) {
    const going = await lockGoing(tx, { id: before.id, repositoryId, takesParts: false })
    const cause = { kind: 'artifact', digest: before.digest } as const
    if (going) await removeArtifacts(tx, gates, repository, cause, maker, going)
  }
  const sources = { blob: async () => config, manifest: async () => undefined }
  const description = await describe(manifest, [], sources)
  await storeManifest(tx, gates, { project, repository }, maker, { digest, manifest, content, tags: [], description })
  failpoint('sbom.saved')
  const sbomId = (await lockArtifact(tx, repositoryId, digest))!
  await noteMade(tx, { artifactId: id, taskId: job.taskId, sbomId, scanner, startedAt })
  await tellMade(tx, image, job)
  await job.keep(tx, { sbom_digest: digest })
}

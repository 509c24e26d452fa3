import { OciError } from '../../../../../oci/errors.ts'
import { parseManifest, type Descriptor } from '../../../../../oci/manifest.ts'
import { parseReference, parseRepositoryName, type RepositoryName } from '../../../../../oci/reference.ts'
import type { Actor } from '../../../../catalog/topics.ts'
import type { Db } from '../../../../platform/db/db.ts'
import { emit } from '../../../../platform/events/emit.ts'
import { failpoint } from '../../../../platform/failpoint.ts'
import { enqueue } from '../../../../platform/jobs/enqueue.ts'
import { handler, HopelessJob, jobType, type Job, type JobHandler } from '../../../../platform/jobs/type.ts'
import { openScratch } from '../../../../platform/scratch.ts'
import type { Registry } from '../../../../registry/registry.ts'
import { noteCompared, saveChanges } from '../database/changes.ts'
import { dropGeneration, findCurrent, listLeftOver, openGeneration, switchTo } from '../database/store.ts'
import type { MatchJob } from '../again.ts'
import { facts } from '../topics.ts'
import { ensureOwnScanner } from '../own-scanner.ts'
import { ImportRefused, openImportBudget, type ImportBounds } from './bounds.ts'
import { filesOf } from './files.ts'
import { itemsOf } from './items.ts'
import { openWriter, type Written } from './write.ts'

/** `source`: `project/repository:tag` or `project/repository@digest`, an artifact in this Marina. */
export type ImportParams = { source: string }
export type ImportGround = {
  db: Db
  registry: Pick<Registry, 'openBlob' | 'readManifest'>
  rules: ImportBounds
}

/** One import at a time; a try that was cut short begins anew. */
export const importJob = ({ timeoutMs }: { timeoutMs: number }) =>
  jobType<ImportParams>({ name: 'VULNDB_IMPORT', isSingle: true, isAlone: true, maxTries: 3, timeoutMs, keep: 20 })

const importer: Actor = { kind: 'system', id: null, name: 'vulndb' }

/** Reads a database of vulnerabilities beside the one in use, and takes it into use when it is whole. */
export function importHandler(
  type: ReturnType<typeof importJob>,
  matchType: MatchJob,
  ground: ImportGround,
): JobHandler {
  return handler(type, async (job) => {
    const { db } = ground
    for (const { id } of await listLeftOver(db)) await dropGeneration(db, id, job.signal)
    const source = await openSource(ground, job.params.source).catch((error: unknown) => {
      throw asHopeless(error, job.params.source)
    })
    if ((await findCurrent(db))?.source === source.name && job.trigger === 'SCHEDULE') {
      job.log(`${source.name} is in use already`, 'INFO', 'last word')
      return { attrs: { unchanged: true } }
    }
    job.log(`${source.name} is read: layers: ${source.layers.length}`)
    const id = await openGeneration(db, source.name)
    try {
      const written = await readInto(ground, id, source, job)
      const comparedWith = await saveChanges(db, id, Object.keys(written.ecosystems), job.signal)
      await db.transaction(async (tx) => {
        await noteCompared(tx, id, comparedWith)
        await switchTo(tx, id, written)
        failpoint('vulndb.switched')
        await ensureOwnScanner(tx)
        await enqueue(tx, matchType, { params: {}, trigger: 'EVENT' })
        await emit(tx, [facts.vulndbImported({ source: source.name, advisories: written.advisories }, importer)])
        await job.keep(tx, shown(written))
      })
      return { attrs: shown(written) }
    } catch (error) {
      if (!job.signal.aborted) await dropGeneration(db, id)
      throw asHopeless(error, source.name)
    }
  })
}

/** The counts that a list of imports shows. */
const shown = ({ advisories, packages, scores, statements, skipped }: Written) => ({
  advisories,
  packages,
  scores,
  statements,
  skipped: Object.values(skipped).reduce((sum, count) => sum + count, 0),
})

/** The two parts of a source. Throws OciError. */
export function parseSource(text: string) {
  const [, name = '', byDigest, byTag] = /^([^@:]+)(?:@(.+)|:([^@:/]+))$/.exec(text) ?? []
  return { repository: parseRepositoryName(name), reference: parseReference(byDigest ?? byTag ?? '') }
}

type Source = { name: string; repository: RepositoryName; layers: Descriptor[] }

/** The artifact that a source names. Throws OciError when it is not there, ImportRefused when it holds no database. */
export async function openSource({ registry }: Pick<ImportGround, 'registry'>, text: string): Promise<Source> {
  const { repository, reference } = parseSource(text)
  const { digest, content, mediaType } = await registry.readManifest(repository, reference)
  const { layers, kind } = parseManifest(content, mediaType)
  if (kind === 'index' || layers.length === 0) throw new ImportRefused(`${text} has no layers that hold a database`)
  return { name: `${repository}@${digest}`, repository, layers }
}

/** What was there when the import was asked for may be gone when it runs, and a schedule may run before it is there. */
function asHopeless(error: unknown, source: string): unknown {
  if (error instanceof ImportRefused) return new HopelessJob(error.message, { cause: error })
  if (error instanceof OciError) return new HopelessJob(`${source} cannot be read: ${error.message}`, { cause: error })
  return error
}

async function readInto(
  { db, registry, rules }: ImportGround,
  generation: number,
  { repository, layers }: Source,
  job: Job<ImportParams>,
): Promise<Written> {
  const budget = openImportBudget(rules)
  const writer = openWriter(db, generation)
  for (const layer of layers) {
    await using scratch = await openScratch('vulndb')
    const source = await registry.openBlob(repository, layer.digest)
    for await (const { name, bytes } of filesOf(source, nameOf(layer), scratch.path, budget)) {
      job.signal.throwIfAborted()
      if (typeof bytes === 'string') writer.skip(bytes)
      else for (const item of await itemsOf(name, bytes)) await writer.add(item)
      job.progress(shown(writer.written))
    }
    await writer.flush()
    failpoint('vulndb.written')
    job.log(`${nameOf(layer)} was read: advisories so far: ${writer.written.advisories}`)
  }
  return checked(writer.written, job)
}

const nameOf = ({ annotations, digest }: Descriptor): string =>
  annotations?.['org.opencontainers.image.title'] ?? digest

/** Without a record there is no database: what is in use stays. */
function checked(written: Written, job: Job<ImportParams>): Written {
  for (const [why, count] of Object.entries(written.skipped)) job.log(`left out, as ${why}: ${count}`, 'WARNING')
  if (written.advisories === 0) throw new ImportRefused('no record in it names packages whose versions can be compared')
  const names = Object.entries(written.ecosystems).map(([name, { advisories }]) => `${name}: ${advisories}`)
  job.log(`advisories: ${written.advisories}; ${names.toSorted().slice(0, 200).join(', ')}`, 'INFO', 'last word')
  return written
}

import { isReferenceViolation, type Db, type Tx } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { finishedKeys } from '../reports/store.ts'
import { holdCurrent, type Generation } from './database/store.ts'
import { coverOf } from './image.ts'
import { findOwnScanner } from './own-scanner.ts'
import { forgetFindings, matchMissing, savePackageFindings } from './package-findings.ts'
import { kindsOf, listContents, packagesOf, type Contents, type PageImage } from './pages.ts'
import { renewReports, type NotYet, type RenewGround, type Written } from './renew-reports.ts'

type Ground = RenewGround & { db: Db; signal: AbortSignal }
/** Images whose reports only name the database in use from now on, and those whose reports are written anew. */
type Sorted = { same: number[]; anew: number[] }
type Work = {
  images: number[]
  sort(contents: Contents, generation: Generation | undefined): Sorted
  /** Writes more in the transaction that has written reports. */
  also?(tx: Tx, written: Written[]): Promise<void>
}
/** Packages that were not matched with the database in use yet. */
type NotMatched = { unmatched: number[] }

/**
 * Brings the reports of a page of images to the database in use: notes the database where nothing has changed, and
 * writes the others anew, in one transaction, or in several where there are very many findings. Returns how many
 * reports were written anew.
 */
export async function renewPage(ground: Ground, images: PageImage[]): Promise<number> {
  const byId = new Map(images.map((image) => [image.id, image]))
  const written = await renew(ground, {
    images: [...byId.keys()],
    sort(contents, generation) {
      const [reported, others] = split([...contents.keys()], (id) => byId.get(id)!.isReported)
      if (!generation) return { same: reported, anew: [] }
      const [same, changed] = split(reported, (id) => isSame(byId.get(id)!, contents, generation))
      return { same, anew: [...changed, ...others].toSorted((one, other) => one - other) }
    },
  })
  return written.length
}

/**
 * Makes the report of one image anew from its packages, whatever it said: a page of one. Without a database it says
 * that nothing is known. `also`: what is written in the same transaction. Undefined, and nothing is changed, when a
 * newer task has made the report already, or when the image or the matcher is gone.
 */
export async function renewImage(
  ground: Ground,
  artifactId: number,
  also: (tx: Tx, written: Written) => Promise<void>,
): Promise<Written | undefined> {
  const [written] = await renew(ground, {
    images: [artifactId],
    sort: () => ({ same: [], anew: [artifactId] }),
    also: async (tx, [one]) => (one ? also(tx, one) : undefined),
  })
  return written
}

/** What a page needs before is saved in short transactions of its own: two pages never wait for each other there. */
async function renew(ground: Ground, work: Work): Promise<Written[]> {
  const { db, signal, scannerId } = ground
  for (;;) {
    signal.throwIfAborted()
    try {
      const result = await db.transaction((tx) => bring(tx, ground, work))
      if (Array.isArray(result)) return result
      if ('unmatched' in result) await matchMissing(db, result.unmatched, signal)
      else if ('parts' in result) return await renewParts(ground, work, result.parts)
      else if ('unsaved' in result) await savePackageFindings(db, result.unsaved, signal)
      else await forgetFindings(db, result.swept)
    } catch (error) {
      if (!isReferenceViolation(error)) throw error
      if ((await findOwnScanner(db))?.id !== scannerId) return []
    }
  }
}

async function renewParts(ground: Ground, { images, ...work }: Work, parts: number): Promise<Written[]> {
  const written: Written[] = []
  const size = Math.ceil(images.length / parts)
  for (let from = 0; from < images.length; from += size)
    written.push(...(await renew(ground, { ...work, images: images.slice(from, from + size) })))
  return written
}

async function bring(tx: Tx, ground: Ground, { images, sort, also }: Work): Promise<Written[] | NotMatched | NotYet> {
  const generation = await holdCurrent(tx)
  const contents = await listContents(tx, images)
  const unmatched = generation ? packagesOf(contents, images, ({ matched }) => matched !== generation.id) : []
  if (unmatched.length > 0) return { unmatched }
  const { same, anew } = sort(contents, generation)
  const written = await renewReports(tx, ground, { contents, generation, imageIds: anew })
  if (!Array.isArray(written)) return written
  await noteSame(tx, ground, contents, { imageIds: same, generation })
  await also?.(tx, written)
  return written
}

/** Of most images nothing has changed. What statements about an image alone say is compared with each database. */
function isSame({ id, generation, hasOwnWords }: PageImage, contents: Contents, current: Generation): boolean {
  const made = generation ?? 0
  return (!hasOwnWords || made === current.id) && contents.get(id)!.every(({ changed }) => changed <= made)
}

function split<One>(all: One[], isFirst: (one: One) => boolean): [One[], One[]] {
  const { true: first = [], false: others = [] } = Object.groupBy(
    all,
    (one) => String(isFirst(one)) as 'true' | 'false',
  )
  return [first, others]
}

/** Notes the database of reports whose findings are the same; what it covers may be other than before. */
async function noteSame(
  tx: Tx,
  { scannerId, rules }: Ground,
  contents: Contents,
  { imageIds, generation }: { imageIds: number[]; generation: Generation | undefined },
): Promise<void> {
  if (imageIds.length === 0) return
  const now = new Date()
  const states = imageIds.map((id) => coverOf(kindsOf(contents.get(id)!), generation, rules, now).state)
  const changed = await tx.rows<{ id: number }>(sql`
    update vulnerability_report
    set state = one.state, generation = coalesce(${generation?.id ?? null}, generation)
    from unnest(${imageIds}::bigint[], ${states}::text[]) as one (id, state)
    where artifact_id = one.id and scanner_id = ${scannerId}::uuid
      and (generation, vulnerability_report.state)
        is distinct from (coalesce(${generation?.id ?? null}, generation), one.state)
    returning artifact_id as id`)
  tx.changes(...changed.flatMap(({ id }) => finishedKeys(scannerId, id)))
}

import { isReferenceViolation, type Db, type Tx } from '../../../platform/db/db.ts'
import { sql } from '../../../platform/db/sql.ts'
import { finishedKeys } from '../reports/store.ts'
import { holdCurrent, type Generation } from './database/store.ts'
import { coverOf } from './image.ts'
import { findOwnScanner } from './own-scanner.ts'
import { forgetFindings, matchMissing, savePackageFindings } from './package-findings.ts'
import { kindsOf, listContents, packagesOf, type Contents, type PageImage } from './pages.ts'
import { renewReport } from './renew.ts'
import { renewReports, type NotYet, type RenewGround } from './renew-reports.ts'

type Ground = RenewGround & { db: Db; signal: AbortSignal }
/** `singly`: images that are compared one by one, as a statement is about them alone. */
type Done = { renewed: number; singly: number[] }
/** Packages that were not matched with the database in use yet. */
type NotMatched = { unmatched: number[] }

/**
 * Brings the reports of a page of images to the database in use: notes the database where nothing has changed, and
 * writes the others anew, in one transaction, or in several where there are very many findings. Returns how many
 * reports were written anew.
 */
export async function renewPage(ground: Ground, images: PageImage[]): Promise<number> {
  const { db, signal, ...rest } = ground
  let { renewed, singly } = await renewTogether(ground, images)
  for (const artifactId of singly) {
    signal.throwIfAborted()
    if (await renewReport(db, { artifactId, ...rest })) renewed++
  }
  return renewed
}

/** What a page needs before is saved in short transactions of its own: two pages never wait for each other there. */
async function renewTogether(ground: Ground, images: PageImage[]): Promise<Done> {
  const { db, signal, scannerId } = ground
  for (;;) {
    signal.throwIfAborted()
    try {
      const result = await db.transaction((tx) => bring(tx, ground, images))
      if ('renewed' in result) return result
      if ('unmatched' in result) await matchMissing(db, result.unmatched, signal)
      else if ('parts' in result) return await renewParts(ground, images, result.parts)
      else if ('unsaved' in result) await savePackageFindings(db, result.unsaved, signal)
      else await forgetFindings(db, result.swept)
    } catch (error) {
      if (!isReferenceViolation(error)) throw error
      if ((await findOwnScanner(db))?.id !== scannerId) return { renewed: 0, singly: [] }
    }
  }
}

async function renewParts(ground: Ground, images: PageImage[], parts: number): Promise<Done> {
  const done: Done = { renewed: 0, singly: [] }
  const size = Math.ceil(images.length / parts)
  for (let from = 0; from < images.length; from += size) {
    const { renewed, singly } = await renewTogether(ground, images.slice(from, from + size))
    done.renewed += renewed
    done.singly.push(...singly)
  }
  return done
}

async function bring(tx: Tx, ground: Ground, images: PageImage[]): Promise<Done | NotMatched | NotYet> {
  const generation = await holdCurrent(tx)
  const contents = await listContents(tx, idsOf(images))
  if (!generation) {
    await noteSame(tx, ground, contents, { imageIds: idsOf(images.filter(({ isReported }) => isReported)), generation })
    return { renewed: 0, singly: [] }
  }
  const unmatched = packagesOf(contents, idsOf(images), ({ matched }) => matched !== generation.id)
  if (unmatched.length > 0) return { unmatched }
  const { same = [], singly = [], together = [] } = Object.groupBy(images, (one) => wayOf(one, contents, generation))
  const renewed = await renewReports(tx, ground, { contents, generation, imageIds: idsOf(together) })
  if (typeof renewed !== 'number') return renewed
  await noteSame(tx, ground, contents, { imageIds: idsOf(same), generation })
  return { renewed, singly: idsOf(singly) }
}

/** Of most images nothing has changed: their reports only name the new database. */
function wayOf(image: PageImage, contents: Contents, { id }: Generation): 'same' | 'singly' | 'together' {
  const made = image.generation ?? 0
  const isChanged = image.hasOwnWords && made !== id
  if (image.isReported && !isChanged && contents.get(image.id)!.every(({ changed }) => changed <= made)) return 'same'
  return image.hasOwnWords ? 'singly' : 'together'
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

const idsOf = (images: PageImage[]): number[] => images.map(({ id }) => id)

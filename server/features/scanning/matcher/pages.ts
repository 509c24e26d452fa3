import type { Queryable, Tx } from '../../../platform/db/db.ts'
import { arrayOf } from '../../../platform/db/ids.ts'
import { sql } from '../../../platform/db/sql.ts'

/**
 * An image whose packages are known. `generation`: of the database that its report was made with. `hasOwnWords`: a
 * vendor's statement about this image alone may change what is found.
 */
export type PageImage = { id: number; isReported: boolean; generation: number | null; hasOwnWords: boolean }

/** Images, and packages of images, of one page: what one transaction looks at. */
const [mostImages, mostPackages] = [200, 50_000]

/**
 * One page of the images that the matcher has reported on, or is the scanner of, in the order of their ids. `after`:
 * the id of the last one before. An image with very many packages makes a page of its own.
 *
 * The sub-select with `offset 0` finds reports by their image also while statistics say that there are none: with the
 * first database PostgreSQL read all reports of the scanner for each image of a page.
 */
export async function listPage(
  db: Queryable,
  scannerId: string,
  after: number,
): Promise<{ images: PageImage[]; isLast: boolean }> {
  const rows = await db.rows<PageImage & { packages: number }>(sql`
    select image_inventory.artifact_id as id, report.ended_at is not null as "isReported", report.generation,
      exists (
        select from vex_statement
        where digest <> '' and vex_statement.digest = artifact.digest
          and generation_id in (report.generation, (select generation_id from vulndb))) as "hasOwnWords",
      (select count(*) from image_package where image_package.artifact_id = image_inventory.artifact_id) as packages
    from image_inventory
      join artifact on artifact.id = image_inventory.artifact_id
      join repository on repository.id = artifact.repository_id
      left join project_scanner on project_scanner.project_id = repository.project_id
      left join lateral (
        select scanner_id, ended_at, generation from vulnerability_report
        where artifact_id = image_inventory.artifact_id offset 0) report on report.scanner_id = ${scannerId}::uuid
    where image_inventory.artifact_id > ${after} and (
      report.ended_at is not null
      or coalesce(project_scanner.scanner_id, (select id from scanner where is_default)) = ${scannerId}::uuid)
    order by image_inventory.artifact_id limit ${mostImages}`)
  const images: PageImage[] = []
  let count = 0
  for (const { packages, ...image } of rows) {
    if (images.length > 0 && count + packages > mostPackages) break
    count += packages
    images.push(image)
  }
  return { images, isLast: rows.length < mostImages && images.length === rows.length }
}

/** Packages of the same kind are covered by the same records. One object for each kind of a page. */
type Kind = { type: string; ecosystem: string }
/** A version of a package; `changed`: the generation at which its matches were others than before, 0 for never. */
type PagePackage = { id: number; kind: Kind; matched: number | null; changed: number }

/** The packages of images, by the image, in the order of their ids. */
export type Contents = Map<number, PagePackage[]>

/** What the images hold: each package is read once, however many images have it. */
export async function listContents(db: Queryable, imageIds: number[]): Promise<Contents> {
  const links = await db.rows<{ image: number; ids: string }>(sql`
    select artifact_id as image, string_agg(package_id::text, ',' order by package_id) as ids
    from image_package where artifact_id = any(${imageIds}::bigint[]) group by artifact_id`)
  const idsOf = new Map(links.map(({ image, ids }) => [image, readIds(ids)]))
  const packages = await readPackages(db, [...new Set([...idsOf.values()].flat())])
  return new Map(imageIds.map((image) => [image, (idsOf.get(image) ?? []).flatMap((id) => packages.get(id) ?? [])]))
}

async function readPackages(db: Queryable, ids: number[]): Promise<Map<number, PagePackage>> {
  const rows = await db.rows<Omit<PagePackage, 'kind'> & Kind>(sql`
    select id, type, ecosystem, matched_generation as matched, coalesce(changed_generation, 0) as changed
    from package where id = any(${arrayOf(ids)}::bigint[])`)
  const kinds = new Map<string, Kind>()
  return new Map(
    rows.map(({ type, ecosystem, ...one }) => {
      const key = `${type}\n${ecosystem}`
      const kind = kinds.get(key) ?? { type, ecosystem }
      kinds.set(key, kind)
      return [one.id, { ...one, kind }]
    }),
  )
}

/** The URLs of packages, by their ids. */
export async function listPurls(db: Queryable, ids: number[]): Promise<Map<number, string>> {
  if (ids.length === 0) return new Map()
  const rows = await db.rows<{ id: number; purl: string }>(
    sql`select id, purl from package where id = any(${ids}::bigint[])`,
  )
  return new Map(rows.map(({ id, purl }) => [id, purl]))
}

/** The ids of the packages of images, each once, in their order. */
export function packagesOf(
  contents: Contents,
  imageIds: number[],
  isWanted: (one: PagePackage) => boolean = () => true,
): number[] {
  const found = new Set<number>()
  for (const image of imageIds) for (const one of contents.get(image)!) if (isWanted(one)) found.add(one.id)
  return [...found].toSorted((one, other) => one - other)
}

export const kindsOf = (packages: PagePackage[]): Kind[] => [...new Set(packages.map(({ kind }) => kind))]

/** Ids with commas between: far cheaper to read than an array of PostgreSQL. */
export const readIds = (text: string | null): number[] =>
  text === null || text === '' ? [] : text.split(',').map((id) => Number(id))

/** What the last finished report of an image has found; `generation` is null where it was made without a database. */
export type LastReport = { generation: number | null; findingIds: number[] }

/** The reports of images by the matcher, which are locked until the transaction ends, by the image. */
export async function lockLastReports(tx: Tx, scannerId: string, imageIds: number[]): Promise<Map<number, LastReport>> {
  const reports = await tx.rows<{ id: number; image: number; generation: number | null }>(sql`
    select id, artifact_id as image, generation from vulnerability_report
    where artifact_id = any(${imageIds}::bigint[]) and scanner_id = ${scannerId}::uuid
    order by artifact_id for no key update`)
  // A statement of its own: it sees what a transaction has saved that held the lock before. A sub-select for each report
  // uses the index, also while statistics say that the table is empty.
  const links = await tx.rows<{ id: number; ids: string | null }>(sql`
    select one.id, (select string_agg(finding_id::text, ',') from report_finding where report_id = one.id) as ids
    from unnest(${reports.map(({ id }) => id)}::bigint[]) as one (id)`)
  const findings = new Map(links.map(({ id, ids }) => [id, ids]))
  return new Map(
    reports.map(({ id, image, generation }) => [image, { generation, findingIds: readIds(findings.get(id) ?? null) }]),
  )
}

import type { Paged, PagePart, Queryable } from '../../../../platform/db/db.ts'
import { sql } from '../../../../platform/db/sql.ts'
import { currentCves } from './search.ts'

type PackageOfImage = { type: string; name: string; version: string; purl: string; cves: string[] }

/** One page of the packages of an image, in the order of their package URLs. `name`: only of this name, in any case. */
export function listPackages(
  db: Queryable,
  artifactId: number,
  name: string | undefined,
  part: Omit<PagePart, 'order'>,
): Promise<Paged<PackageOfImage>> {
  const only = name === undefined ? sql`true` : sql`lower(package.name) = lower(${name})`
  return db.page<PackageOfImage>(
    {
      columns: sql`package.type, package.name, package.version, package.purl, ${currentCves} as cves`,
      from: sql`
        from image_package join package on package.id = package_id
        where artifact_id = ${artifactId} and ${only}`,
    },
    { ...part, order: sql`package.purl, package.id` },
  )
}

/** The most packages of an image, as config/scanning.ts has it. */
const most = 1_000_000

/** All packages of an image: for comparisons. */
export function listAllPackages(db: Queryable, artifactId: number): Promise<PackageOfImage[]> {
  return db.rows<PackageOfImage>(sql`
    select package.type, package.name, package.version, package.purl, ${currentCves} as cves
    from image_package join package on package.id = package_id
    where artifact_id = ${artifactId} order by package.purl limit ${most}`)
}

type Change = { type: string; name: string; before: string[]; after: string[] }

/** Packages of which not both images have the same versions. */
export function changesOf(before: PackageOfImage[], after: PackageOfImage[]): Change[] {
  const keyOf = ({ type, name }: PackageOfImage) => `${type}\n${name}`
  const [left, right] = [before, after].map((all) => Map.groupBy(all, keyOf)) as [Grouped, Grouped]
  return [...new Set([...left.keys(), ...right.keys()])].toSorted().flatMap((key) => {
    const [one, other] = [versionsOf(left.get(key)), versionsOf(right.get(key))]
    if (one.join('\n') === other.join('\n')) return []
    const { type, name } = (left.get(key) ?? right.get(key))![0]!
    return [{ type, name, before: one, after: other }]
  })
}

type Grouped = Map<string, PackageOfImage[]>

const versionsOf = (all: PackageOfImage[] = []): string[] => [...new Set(all.map(({ version }) => version))].toSorted()

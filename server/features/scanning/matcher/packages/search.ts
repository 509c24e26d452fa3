import type { Paged, PagePart, Queryable } from '../../../../platform/db/db.ts'
import { joined, oneOff, sql, type Sql } from '../../../../platform/db/sql.ts'
import { Failure } from '../../../../platform/http/failure.ts'
import { compareSemver, orderOf } from '../versions/order.ts'

/** What a caller looks for; at least one of name, purl and cve. */
type Wish = { name?: string; type?: string; version?: string; purl?: string; cve?: string }

type FoundRow = {
  type: string
  name: string
  version: string
  purl: string
  cves: string[]
  projectName: string
  repositoryName: string
  digest: string
  tags: string[]
  pushedAt: Date
}

/** The projects whose SBOMs the caller may read. */
export type Scope = 'all' | number[]

/** Versions of packages that one search looks at. */
const mostVersions = 20_000

/** Names of vulnerabilities, as far as they are of the database in use. */
export const currentCves = sql`
  case when package.matched_generation = (select generation_id from vulndb) then package.cves else '{}' end`

/**
 * One page of the images that have a package, in the projects of the scope: the newest first. Throws
 * BAD_REQUEST.
 */
export async function searchPackages(
  db: Queryable,
  scope: Scope,
  wish: Wish,
  part: Omit<PagePart, 'order'>,
): Promise<Paged<FoundRow>> {
  const ids = await listVersions(db, wish)
  const inScope = scope === 'all' ? sql`true` : sql`project.id = any(${scope}::bigint[])`
  return db.page<FoundRow>(
    {
      columns: sql`
        package.type, package.name, package.version, package.purl, ${currentCves} as cves,
        project.name as "projectName", repository.name as "repositoryName", artifact.digest,
        array(select name::text from tag where artifact_id = artifact.id order by id desc limit 10) as tags,
        artifact.pushed_at as "pushedAt"`,
      from: sql`
        from image_package
          join package on package.id = package_id
          join artifact on artifact.id = image_package.artifact_id
          join repository on repository.id = artifact.repository_id
          join project on project.id = repository.project_id
        where package_id = any(${ids}::bigint[]) and ${inScope}`,
    },
    { ...part, order: sql`artifact.id desc, package.id` },
  )
}

/** The versions of packages that are looked for, by their ids. Ranges need the order of each ecosystem. */
async function listVersions(db: Queryable, wish: Wish): Promise<number[]> {
  type Row = { id: number; ecosystem: string; version: string; wantedVersion: string }
  const rows = await db.rows<Row>(sql`
    select id, ecosystem, version, wanted_version as "wantedVersion" from package
    where ${conditionOf(wish)} order by id limit ${mostVersions + 1}`)
  if (rows.length > mostVersions)
    throw new Failure('BAD_REQUEST', `more than ${mostVersions} versions of packages fit: narrow the search`)
  const fits = wish.version === undefined ? () => true : parseVersionRange(wish.version)
  return rows.filter(fits).map(({ id }) => id)
}

function conditionOf({ name, type, purl, cve }: Wish): Sql {
  const conditions: Sql[] = []
  if (name !== undefined)
    conditions.push(sql`
      (lower(package.name) = lower(${name}) or lower(substring(package.name from '[^/:]*$')) = lower(${name}))`)
  if (purl !== undefined) conditions.push(purlIs(purl))
  if (cve !== undefined)
    conditions.push(sql`
      package.cves @> array[${cve}]::text[] and matched_generation = (select generation_id from vulndb)`)
  if (conditions.length === 0) throw new Failure('BAD_REQUEST', 'name, purl or cve says what to look for')
  if (type !== undefined) conditions.push(sql`package.type = ${type}`)
  return oneOff(joined(conditions, sql` and `))
}

/** A package URL without a version means every version, one without qualifiers any of these. */
function purlIs(purl: string): Sql {
  if (!/^pkg:[a-z0-9.+-]+\/\S+$/i.test(purl))
    throw new Failure('BAD_REQUEST', 'purl is of the form pkg:type/name@version')
  const within = (text: string) => sql`(package.purl >= ${text} and package.purl < ${`${text}\u{10ffff}`})`
  const path = purl.split('?', 1)[0]!
  if (purl.includes('?')) return sql`package.purl = ${purl}`
  return path.includes('@')
    ? sql`(package.purl = ${purl} or ${within(`${purl}?`)})`
    : sql`(package.purl = ${purl} or ${within(`${purl}@`)} or ${within(`${purl}?`)})`
}

type Versioned = { ecosystem: string; version: string; wantedVersion: string }

/**
 * `2.14.1`, or comparisons with commas between: `>=2.0,<2.17.1`. Distributions of no known order are compared as
 * Semantic Versioning. Throws BAD_REQUEST.
 */
function parseVersionRange(text: string): (one: Versioned) => boolean {
  if (!/[<>=,]/.test(text)) return ({ version, wantedVersion }) => version === text || wantedVersion === text
  const parts = text.split(',').map((part) => {
    const [, sign, version] = /^\s*(<=|>=|<|>|=)\s*(\S+)\s*$/.exec(part) ?? []
    if (sign === undefined || version === undefined)
      throw new Failure('BAD_REQUEST', 'version is a version, or a range such as >=2.0,<2.17.1')
    return { sign, version }
  })
  return ({ ecosystem, version }) => {
    const compare = orderOf(ecosystem) ?? compareSemver
    return parts.every((part) => {
      const place = compare(version, part.version)
      return place !== undefined && isMet(part.sign, place)
    })
  }
}

function isMet(sign: string, place: number): boolean {
  if (place === 0) return sign.includes('=')
  return place < 0 ? sign.startsWith('<') : sign.startsWith('>')
}

import * as api from '../../../../../api/packages.ts'
import { type Project } from '../../../../catalog/project.ts'
import type { Reader } from '../../../../catalog/reader.ts'
import type { Db } from '../../../../platform/db/db.ts'
import { listing } from '../../../../platform/db/listing.ts'
import { sql } from '../../../../platform/db/sql.ts'
import { Failure } from '../../../../platform/http/failure.ts'
import { projectsHolding, route, type ApiRoute, type Rights } from '../../../access/index.ts'
import { getArtifact, openArtifacts } from '../../../artifacts/index.ts'
import { rankOf } from '../../reports/finding.ts'
import { listSubjects } from '../../sboms/store.ts'
import { listMatches, type ShownMatch } from './matches.ts'
import { changesOf, listAllPackages, listPackages } from './of-image.ts'
import { searchPackages, type Scope } from './search.ts'

type Ground = { reader: Reader & { db: Db }; rules: { staleMs: number } }
type Params = { repository_name: string; reference: string }

/** Packages of images: who has which, and what is known of them. */
export function packageRoutes({ reader, rules }: Ground): ApiRoute[] {
  const { db } = reader
  const artifacts = openArtifacts(reader)
  const find = async (project: Project, params: Params) =>
    imageOf(db, (await getArtifact({ reader, artifacts }, project, params)).artifact.id, params.reference)

  return [
    searchRoute(reader),
    route(api.listPackagesOfArtifact, { project: 'sbom', verb: 'read' }, async ({ project, params, query }) => {
      const { page, page_size: pageSize, name } = query
      const id = await find(project, params)
      const { rows, total } = await listPackages(db, id, name, listing({}, pageOf(page, pageSize), sql`true`))
      return { total, rows: rows.map(({ cves, ...one }) => ({ ...one, vulnerabilities: cves })) }
    }),
    route(
      api.listVulnerabilitiesOfArtifact,
      { project: 'artifact-addition', verb: 'read' },
      async ({ project, params }) => {
        const { state, notes, dataAt, packages, matches } = await listMatches(db, await find(project, params), rules)
        return {
          state,
          notes,
          packages,
          ...(dataAt ? { database_time: dataAt.toISOString() } : {}),
          vulnerabilities: matches.map(present),
        }
      },
    ),
    route(api.comparePackages, { project: 'sbom', verb: 'read' }, async ({ project, params, query }) => {
      const before = await find(project, params)
      if (query.with === undefined) throw new Failure('BAD_REQUEST', 'with names the image after the change')
      const after = await find(project, { ...params, reference: query.with })
      const [was, is] = await Promise.all([before, after].map((id) => listAllPackages(db, id)))
      const [had, has] = await Promise.all(
        [before, after].map(async (id) => (await listMatches(db, id, rules)).matches),
      )
      return { packages: changesOf(was!, is!), fixed: lacking(had!, has!), added: lacking(has!, had!) }
    }),
  ]
}

function searchRoute(reader: Ground['reader']): ApiRoute {
  return route(api.searchPackages, 'user', async ({ query, rights }) => {
    const { page, page_size: pageSize, ...wish } = query
    const part = listing({}, pageOf(page, pageSize), sql`true`)
    const { rows, total } = await searchPackages(reader.db, await scopeOf(reader, rights), wish, part)
    return {
      total,
      rows: rows.map(({ cves, projectName, repositoryName, pushedAt, ...one }) => ({
        ...one,
        project_name: projectName,
        repository_name: repositoryName,
        push_time: pushedAt.toISOString(),
        vulnerabilities: cves,
      })),
    }
  })
}

const pageOf = (page: number | undefined, pageSize: number | undefined) => ({
  page: page ?? 1,
  page_size: pageSize ?? 10,
})

/** The one image that an artifact is or that an index has, with known packages. Throws BAD_REQUEST or PRECONDITION. */
async function imageOf(db: Db, artifactId: number, reference: string): Promise<number> {
  const images = await listSubjects(db, artifactId)
  if (images.length > 1)
    throw new Failure('BAD_REQUEST', `${reference} is an index: name one of its images by its digest`)
  const id = images[0]?.id ?? artifactId
  const known = await db.row(sql`select from image_inventory where artifact_id = ${id}`)
  if (!known)
    throw new Failure('PRECONDITION', `the packages of ${reference} are not known: ask for its SBOM, or scan it`)
  return id
}

/** What a package list says is what an SBOM says: the right to read one counts. */
const scopeOf = (reader: Reader, rights: Rights): Promise<Scope> => projectsHolding(reader, rights, 'sbom', 'read')

function present({ finding, epss, percentile, isExploited, suppressed }: ShownMatch) {
  const { cveId, package: name, version, fixedVersion, severity, status, cvssV3, details } = finding
  return {
    id: cveId,
    package: name,
    version,
    fix_version: fixedVersion,
    severity,
    status,
    ...(cvssV3 === null ? {} : { cvss_v3: cvssV3 }),
    ...(epss === null ? {} : { epss }),
    ...(percentile === null ? {} : { epss_percentile: percentile }),
    is_exploited: isExploited,
    ...(suppressed === undefined ? {} : { suppressed }),
    description: details.description ?? '',
    links: details.links ?? [],
  }
}

/** Vulnerabilities of packages that the other image has not, whatever the versions. */
function lacking(one: ShownMatch[], other: ShownMatch[]) {
  const keyOf = ({ finding }: ShownMatch) => `${finding.cveId}\n${finding.package}`
  const counted = (all: ShownMatch[]) => all.filter(({ suppressed }) => suppressed === undefined)
  const known = new Set(counted(other).map(keyOf))
  const left = new Map(
    counted(one).flatMap((match) => (known.has(keyOf(match)) ? [] : [[keyOf(match), match] as const])),
  )
  return [...left.values()]
    .map(({ finding: { cveId: id, package: name, severity } }) => ({ id, package: name, severity }))
    .sort((one, other) => rankOf(other.severity) - rankOf(one.severity))
}

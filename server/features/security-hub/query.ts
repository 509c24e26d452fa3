import { joined, sql, type Sql } from '../../platform/db/sql.ts'
import { parseQ, type Condition } from '../../platform/db/listing.ts'
import { Failure } from '../../platform/http/failure.ts'
import { severities } from '../scanning/index.ts'

/** What the list of vulnerabilities is narrowed to. Every field is compared exactly, as in Harbor; bounds are in it. */
export type Wanted = {
  cveId?: string
  rank?: number
  status?: string
  cvssV3?: { from?: number; to?: number }
  projectId?: number
  repository?: string
  package?: string
  tag?: string
  digest?: string
}

type Read = (value: string) => Partial<Wanted>

/** The fields of `q`, but for the one with a range. A word that is no severity finds nothing. */
const fields: Record<string, Read> = {
  cve_id: (cveId) => ({ cveId }),
  severity: (word) => ({ rank: severities.indexOf(word as (typeof severities)[number]) }),
  status: (status) => ({ status }),
  project_id: (text) => ({ projectId: numberOf('project_id', text, /^\d{1,15}$/) }),
  repository_name: (repository) => ({ repository }),
  package: (name) => ({ package: name }),
  tag: (tag) => ({ tag }),
  digest: (digest) => ({ digest }),
}

/** Reads Harbor's `q` of this list. Throws BAD_REQUEST in Harbor's words for unknown fields and kinds of conditions. */
export function parseWanted(q: string | undefined): Wanted {
  const wanted: Wanted = {}
  for (const [name, condition] of Object.entries(parseQ(q ?? ''))) {
    const isRange = name === 'cvss_score_v3'
    const read = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (!isRange && !read) throw new Failure('BAD_REQUEST', `bad request: keyword: ${name.slice(0, 60)} is not allowed`)
    if (condition.kind !== (isRange ? 'range' : 'is'))
      throw new Failure('BAD_REQUEST', `bad request: keyword: ${name}, the query type is not allowed`)
    Object.assign(wanted, isRange ? { cvssV3: rangeOf(condition) } : read!((condition as { value: string }).value))
  }
  return wanted
}

function rangeOf(condition: Condition): Wanted['cvssV3'] {
  const { from, to } = condition as Extract<Condition, { kind: 'range' }>
  const end = (text: string | undefined) =>
    text === undefined ? undefined : numberOf('cvss_score_v3', text, /^\d{1,2}(?:\.\d{1,4})?$/)
  const [least, most] = [end(from), end(to)]
  return { ...(least === undefined ? {} : { from: least }), ...(most === undefined ? {} : { to: most }) }
}

function numberOf(name: string, text: string, form: RegExp): number {
  if (!form.test(text))
    throw new Failure('BAD_REQUEST', `bad request: keyword: ${name}, ${text.slice(0, 40)} is no number`)
  return Number(text)
}

/** True where only whole reports are chosen, and ranks within them: then the reports' summaries can be added up. */
export const isOfSummaries = ({ cveId, status, cvssV3, package: name }: Wanted): boolean =>
  [cveId, status, cvssV3, name].every((one) => one === undefined)

/** The conditions on `finding`, each beginning with `and`. */
export function whereFinding({ cveId, rank, status, cvssV3, package: name }: Wanted): Sql {
  return joined(
    [
      sql``,
      ...(cveId === undefined ? [] : [sql`and finding.cve_id = ${cveId}`]),
      ...(rank === undefined ? [] : [sql`and finding.severity = ${rank}`]),
      ...(status === undefined ? [] : [sql`and finding.status = ${status}`]),
      ...(cvssV3?.from === undefined ? [] : [sql`and finding.cvss_v3 >= ${cvssV3.from}::real`]),
      ...(cvssV3?.to === undefined ? [] : [sql`and finding.cvss_v3 <= ${cvssV3.to}::real`]),
      ...(name === undefined ? [] : [sql`and finding.package = ${name}`]),
    ],
    sql` `,
  )
}

/** The conditions on `repository` and `artifact`, each beginning with `and`. */
export function whereArtifact({ projectId, repository, tag, digest }: Wanted): Sql {
  return joined(
    [
      sql``,
      ...(projectId === undefined ? [] : [sql`and repository.project_id = ${projectId}`]),
      ...(repository === undefined ? [] : [sql`and repository.name = ${repository}`]),
      ...(digest === undefined ? [] : [sql`and artifact.digest = ${digest}`]),
      ...(tag === undefined
        ? []
        : [sql`and exists (select from tag where tag.artifact_id = artifact.id and tag.name = ${tag})`]),
    ],
    sql` `,
  )
}

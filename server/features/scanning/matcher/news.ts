import type { Actor } from '../../../catalog/topics.ts'
import type { Tx } from '../../../platform/db/db.ts'
import { emit } from '../../../platform/events/emit.ts'
import { rankOf, severities, summarize, type Finding } from '../reports/finding.ts'
import { listTags } from '../reports/told.ts'
import type { Subject } from '../sboms/store.ts'
import { facts, type VulnerabilitiesFound } from './topics.ts'

/** What the last report of an image has found, by the database that it was made with. */
type LastFound = { generation: number; keys: Set<string> }
/** What a fact says of a vulnerability. */
type Found = Pick<Finding, 'cveId' | 'package' | 'version' | 'fixedVersion' | 'severity'>

const matcher: Actor = { kind: 'system', id: null, name: 'matcher' }
/** Vulnerabilities that a fact names. */
const mostNamed = 100

/** A vulnerability of a package that a report has already is no news, in whatever version. */
export const newsKey = ({ cveId, package: name }: Pick<Finding, 'cveId' | 'package'>) => `${cveId}\n${name}`

/**
 * What a database has found that the last report has not: nothing when the database is the one of that report.
 * `findings`: united.
 */
export function newOf<One extends Found>(last: LastFound | undefined, generation: number, findings: One[]): One[] {
  if (!last || generation <= last.generation) return []
  return findings.filter((one) => !last.keys.has(newsKey(one)))
}

/**
 * Tells what a new database has found in known images, once for each image and database. To be called in the
 * transaction that has saved their reports. `found`: what is new, by the image.
 */
export async function tellFound(
  tx: Tx,
  generation: number,
  found: ReadonlyMap<number, Found[]>,
  images: Subject[],
): Promise<void> {
  const ids = images.map(({ id }) => id)
  const tags = await listTags(tx, ids)
  await emit(
    tx,
    images.map((image) =>
      facts.vulnerabilitiesFound(
        factOf(image, tags.get(image.id) ?? [], { generation, found: found.get(image.id)! }),
        matcher,
      ),
    ),
  )
}

function factOf(
  { projectId, repository, digest }: Subject,
  tags: string[],
  { generation, found }: { generation: number; found: Found[] },
): VulnerabilitiesFound {
  const vulnerabilities = found
    .toSorted((one, other) => rankOf(other.severity) - rankOf(one.severity))
    .slice(0, mostNamed)
    .map(({ cveId: id, severity, package: name, version, fixedVersion }) => {
      return { id, severity, package: name, version, fixedVersion }
    })
  const { counts } = summarize(found)
  const bySeverity = Object.fromEntries(
    severities.map((severity, rank) => [severity, counts[rank]!] as const).filter(([, count]) => count > 0),
  )
  return { projectId, repository, digest, tags, generation, count: found.length, bySeverity, vulnerabilities }
}

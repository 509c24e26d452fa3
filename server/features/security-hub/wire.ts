import type { Static } from 'typebox'
import type * as api from '../../../api/security-hub.ts'
import { severities } from '../scanning/index.ts'
import type { Found } from './actions.ts'
import type { DangerousArtifact, DangerousCve, Summary } from './store.ts'

type SecuritySummary = Static<typeof api.SecuritySummary>

/** Harbor has no word for Negligible here: it counts as None. */
export function presentSummary({ counts, total, fixable, scanned, artifacts }: Summary): SecuritySummary {
  const [none, unknown, negligible, low, medium, high, critical] = counts as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  return {
    critical_cnt: critical,
    ...unlessZero('high_cnt', high),
    medium_cnt: medium,
    low_cnt: low,
    ...unlessZero('none_cnt', none + negligible),
    ...unlessZero('unknown_cnt', unknown),
    total_vuls: total,
    scanned_cnt: scanned,
    total_artifact: artifacts,
    fixable_cnt: fixable,
  }
}

const unlessZero = (name: 'high_cnt' | 'none_cnt' | 'unknown_cnt', count: number) =>
  count === 0 ? {} : { [name]: count }

export function presentDangerousCve(cve: DangerousCve): Static<typeof api.DangerousCVE> {
  return {
    cve_id: cve.cveId,
    severity: severities[cve.rank]!,
    ...(cve.cvssV3 === null ? {} : { cvss_score_v3: scoreOf(cve.cvssV3) }),
    ...(cve.description === null ? {} : { desc: cve.description }),
    package: cve.package,
    version: cve.version,
  }
}

export function presentDangerousArtifact(artifact: DangerousArtifact): Static<typeof api.DangerousArtifact> {
  const { projectId, repository, digest, counts } = artifact
  return {
    project_id: projectId,
    repository_name: repository,
    digest,
    critical_cnt: counts[6]!,
    high_cnt: counts[5]!,
    medium_cnt: counts[4]!,
  }
}

/** As in Harbor, texts that are empty are left out. */
export function presentVulnerability(one: Found['rows'][number]): Static<typeof api.VulnerabilityItem> {
  return {
    project_id: one.projectId,
    repository_name: one.repository,
    digest: one.digest,
    tags: one.tags,
    cve_id: one.cveId,
    severity: severities[one.rank]!,
    ...(one.status === '' ? {} : { status: one.status }),
    ...(one.cvssV3 === null ? {} : { cvss_v3_score: scoreOf(one.cvssV3) }),
    package: one.package,
    version: one.version,
    ...(one.fixedVersion === '' ? {} : { fixed_version: one.fixedVersion }),
    ...(one.description === null ? {} : { desc: one.description }),
    ...(one.links === null ? {} : { links: one.links }),
  }
}

/** A score has one decimal; a `real` of the database has more digits than that. */
const scoreOf = (score: number) => Math.round(score * 10) / 10

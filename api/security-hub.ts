import { Type } from './type.ts'
import { operation } from './operation.ts'
import { listQuery } from './requests.ts'

const count = Type.Integer()

export const DangerousCVE = Type.Object({
  cve_id: Type.String(),
  severity: Type.String(),
  cvss_score_v3: Type.Optional(Type.Number()),
  desc: Type.Optional(Type.String()),
  package: Type.String(),
  version: Type.String(),
})

export const DangerousArtifact = Type.Object({
  project_id: Type.Integer(),
  repository_name: Type.String(),
  digest: Type.String(),
  critical_cnt: count,
  high_cnt: count,
  medium_cnt: count,
})

/** Harbor leaves out `high_cnt`, `none_cnt` and `unknown_cnt` where they are 0. */
export const SecuritySummary = Type.Object({
  critical_cnt: count,
  high_cnt: Type.Optional(count),
  medium_cnt: count,
  low_cnt: count,
  none_cnt: Type.Optional(count),
  unknown_cnt: Type.Optional(count),
  total_vuls: count,
  scanned_cnt: count,
  total_artifact: count,
  fixable_cnt: count,
  dangerous_cves: Type.Optional(Type.Array(DangerousCVE)),
  dangerous_artifacts: Type.Optional(Type.Array(DangerousArtifact)),
})

/** `tags` is null unless they are asked for. */
export const VulnerabilityItem = Type.Object({
  project_id: Type.Integer(),
  repository_name: Type.String(),
  digest: Type.String(),
  tags: Type.Union([Type.Array(Type.String()), Type.Null()]),
  cve_id: Type.String(),
  severity: Type.String(),
  status: Type.Optional(Type.String()),
  cvss_v3_score: Type.Optional(Type.Number()),
  package: Type.String(),
  version: Type.String(),
  fixed_version: Type.Optional(Type.String()),
  desc: Type.Optional(Type.String()),
  links: Type.Optional(Type.Array(Type.String())),
})

const tag = 'securityhub'

/** As in Harbor, any word counts as false but those that mean true. */
const flag = (description: string) => Type.Optional(Type.String({ default: 'false', description }))

export const getSecuritySummary = operation({
  id: 'getSecuritySummary',
  tag,
  method: 'GET',
  path: '/security/summary',
  summary: 'Count the vulnerabilities of all images, as the default scanner has found them',
  query: Type.Object({
    with_dangerous_cve: flag('also the five vulnerabilities with the highest CVSS v3 score'),
    with_dangerous_artifact: flag('also the five artifacts with the worst vulnerabilities'),
  }),
  status: 200,
  answer: SecuritySummary,
})

const { page, page_size: pageSize } = listQuery

export const listVulnerabilities = operation({
  id: 'ListVulnerabilities',
  tag,
  method: 'GET',
  path: '/security/vul',
  summary: 'List the vulnerabilities of all images, the highest CVSS v3 score first',
  query: Type.Object({
    q: Type.Optional(
      Type.String({
        maxLength: 4096,
        'x-own-bounds': true,
        description:
          'cve_id, severity, status, project_id, repository_name, package, tag, digest as k=v, and ' +
          'cvss_score_v3=[min~max], separated by commas',
      }),
    ),
    sort: Type.Optional(Type.String({ maxLength: 512, description: 'without effect, as in Harbor' })),
    page,
    page_size: pageSize,
    tune_count: flag('count no further than 1,000: X-Total-Count is -1 beyond'),
    with_tag: flag('also the tags of each artifact'),
  }),
  status: 200,
  answer: Type.Array(VulnerabilityItem),
  page: true,
})

import { operation } from './operation.ts'
import { RepositoryPath } from './repositories.ts'
import { nameParam, ownBounds, PageQuery } from './requests.ts'
import { Type } from './type.ts'

const tag = 'package'
const text = (description: string, maxLength = 512) =>
  Type.Optional(Type.String({ minLength: 1, maxLength, ...ownBounds, description }))

const Package = Type.Object({
  type: Type.String({ description: 'of the package URL: deb, npm, maven, ...' }),
  name: Type.String({ description: 'as its ecosystem writes it: @scope/name, group:artifact' }),
  version: Type.String({ description: 'empty where the package itself says none' }),
  purl: Type.String(),
})

/** `vulnerabilities`: names of what the database in use has of this version. */
const vulnerabilities = Type.Array(Type.String())

const FoundPackage = Type.Object({
  ...Package.properties,
  project_name: Type.String(),
  repository_name: Type.String({ description: 'with the project' }),
  digest: Type.String(),
  tags: Type.Array(Type.String(), { description: 'at most 10, the newest first' }),
  push_time: Type.String({ format: 'date-time' }),
  vulnerabilities,
})

export const searchPackages = operation({
  id: 'searchPackages',
  tag,
  method: 'GET',
  path: '/packages',
  summary: 'Find the images that have a package, in every repository that the caller may read',
  query: Type.Object({
    ...PageQuery.properties,
    name: text('of the package, whole, in any case; or the last part of it behind / or :'),
    type: text('of the package URL, such as npm', 32),
    version: text('exactly this version, or a range in the order of its ecosystem: >=2.0,<2.17.1'),
    purl: text('a package URL, with or without a version', 1024),
    cve: text('the name of a vulnerability that the database in use has of it', 200),
  }),
  status: 200,
  answer: Type.Array(FoundPackage),
  page: true,
})

const path = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}'
const params = Type.Object({ ...RepositoryPath.properties, reference: nameParam })

export const listPackagesOfArtifact = operation({
  id: 'listPackagesOfArtifact',
  tag,
  method: 'GET',
  path: `${path}/packages`,
  summary: 'List the packages of an image, as far as it was looked into',
  params,
  query: Type.Object({ ...PageQuery.properties, name: text('only packages of this name') }),
  status: 200,
  answer: Type.Array(Type.Object({ ...Package.properties, vulnerabilities })),
  page: true,
})

/** `suppressed`: why a statement of a vendor (OpenVEX) takes the finding away; it is in no report then. */
export const VulnerabilityOfImage = Type.Object({
  id: Type.String(),
  package: Type.String(),
  version: Type.String(),
  fix_version: Type.String({ description: 'empty when there is no fix yet' }),
  severity: Type.String(),
  status: Type.String(),
  cvss_v3: Type.Optional(Type.Number()),
  epss: Type.Optional(Type.Number({ description: 'how likely it is to be used within 30 days, 0 to 1' })),
  epss_percentile: Type.Optional(Type.Number()),
  is_exploited: Type.Boolean({ description: 'in the Known Exploited Vulnerabilities catalog of CISA' }),
  suppressed: Type.Optional(Type.String()),
  description: Type.String(),
  links: Type.Array(Type.String()),
})

/** `state`: see Vulndb; `notes` say what nothing is claimed of, and why. */
export const MatchedImage = Type.Object({
  state: Type.String({
    description: 'ok, or why no findings are no proof: no_database, stale_database, unknown_distribution',
  }),
  notes: Type.Array(Type.String()),
  database_time: Type.Optional(Type.String({ format: 'date-time' })),
  packages: Type.Integer(),
  vulnerabilities: Type.Array(VulnerabilityOfImage, { description: 'the worst first; at most 10,000' }),
})

export const listVulnerabilitiesOfArtifact = operation({
  id: 'listVulnerabilitiesOfArtifact',
  tag,
  method: 'GET',
  path: `${path}/vulnerabilities`,
  summary: "What Marina's own matcher says of an image, from its packages and the database in use",
  params,
  status: 200,
  answer: MatchedImage,
})

const Change = Type.Object({
  type: Type.String(),
  name: Type.String(),
  before: Type.Array(Type.String(), { description: 'versions' }),
  after: Type.Array(Type.String(), { description: 'versions' }),
})
const Named = Type.Object({ id: Type.String(), package: Type.String(), severity: Type.String() })

export const comparePackages = operation({
  id: 'comparePackages',
  tag,
  method: 'GET',
  path: `${path}/packages/compare`,
  summary: 'What differs between two images: packages, and vulnerabilities of them',
  params,
  query: Type.Object({
    with: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 255,
        ...ownBounds,
        description: 'required: a tag or a digest of the same repository, the image after the change',
      }),
    ),
  }),
  status: 200,
  answer: Type.Object({
    packages: Type.Array(Change),
    fixed: Type.Array(Named, { description: 'vulnerabilities that only the image before has' }),
    added: Type.Array(Named, { description: 'vulnerabilities that only the image after has' }),
  }),
})

import type { Static } from 'typebox'
import * as api from '../../api/packages.ts'
import { artifactName } from '../lib/names.ts'
import type { Shape } from '../lib/output.ts'
import { parseLimit } from '../lib/pages.ts'
import { several, shortDigest, time } from '../lib/text.ts'
import type { Verb } from '../lib/verb.ts'
import { limitOption } from '../lib/words.ts'

type Found = Static<typeof api.searchPackages.answer>[number]
type Given = { query: string; version?: string; type?: string; cve?: string; limit: string }

const shape: Shape<Found> = {
  kind: 'image',
  name: ({ repository_name: repository, digest }) => artifactName(repository, digest),
  columns: [
    { name: 'image', of: (row) => shortDigest(artifactName(row.repository_name, row.digest)), shrinks: true },
    { name: 'tags', of: ({ tags }) => several(tags), shrinks: true },
    { name: 'package', of: ({ name }) => name, shrinks: true },
    { name: 'version', of: ({ version }) => version },
    { name: 'type', of: ({ type }) => type },
    { name: 'vulnerabilities', of: ({ vulnerabilities }) => several(vulnerabilities), shrinks: true },
    { name: 'pushed', of: (row) => time(row.push_time), style: () => 'dim' },
  ],
}

export const packages: Omit<Verb<Given>, 'name' | 'about'> = {
  arguments: [
    { name: 'query', about: 'a name, a package URL (pkg:...), or a vulnerability (CVE-..., GHSA-...)' },
    { name: 'version', about: 'a version, or a range such as ">=2.0,<2.17.1"', isOptional: true },
  ],
  options: [
    { flags: '--type <type>', about: 'of the package URL: deb, npm, maven, ...' },
    { flags: '--cve <name>', about: 'only versions that have this vulnerability' },
    limitOption(100),
  ],
  examples: [
    ['marina packages log4j-core', 'every image that has it, in projects whose SBOMs you may read'],
    ["marina packages log4j-core '>=2.0,<2.17.1'", 'of some versions alone'],
    ['marina packages pkg:deb/debian/openssl', 'by package URL'],
    ['marina packages CVE-2021-44228', 'every image that a vulnerability is in'],
  ],
  async run({ query, version, type, cve, limit }, call) {
    const asked = {
      ...wishOf(query),
      ...(version ? { version } : {}),
      ...(type ? { type } : {}),
      ...(cve ? { cve } : {}),
    }
    const { rows, total } = await call.pages(api.searchPackages, { query: asked }, parseLimit(limit))
    await call.out.rows(shape, rows, total)
  },
}

function wishOf(query: string): { purl: string } | { cve: string } | { name: string } {
  if (query.startsWith('pkg:')) return { purl: query }
  return /^(?:CVE|GHSA|GO|PYSEC|RUSTSEC|DSA|DLA|USN|RHSA|RLSA|ALSA)-\w/.test(query) ? { cve: query } : { name: query }
}

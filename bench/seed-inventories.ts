import type { Client } from 'pg'

/** Names of packages of a distribution and of npm, of which images choose; and what images share. */
const [debNames, npmNames, bases, middles] = [400, 5000, 20, 200]

/**
 * Makes images with known packages by SQL, in one repository for each base: 140 packages of Debian 12 of one of 20
 * bases, 40 of npm of one of 200 middle layers, and 21 of a layer of their own: 19 of npm, `every`, which all have,
 * and one that nobody else has. Every tenth image has `tenth` as well.
 */
export async function seedInventories(database: Client, images: number): Promise<void> {
  await database.query('set statement_timeout = 0')
  await database.query('set session_replication_role = replica')
  const image = `'application/vnd.oci.image.manifest.v1+json', 'image', 'IMAGE'`
  const digest = `'sha256:' || encode(sha256(convert_to('inventory-' || n, 'UTF8')), 'hex')`
  for (const step of [
    `insert into repository (project_id, name)
      select id, 'library/base' || n from project, generate_series(0, ${bases - 1}) n where name = 'library'`,
    `insert into artifact (repository_id, digest, media_type, kind, type, size)
      select repository.id, ${digest}, ${image}, 1000
      from generate_series(1, ${images}) n join repository on repository.name = 'library/base' || n % ${bases}
      order by n`,
    `insert into tag (repository_id, artifact_id, name) select repository_id, id, 'v' || id from artifact`,
    `create temporary table seeded as
      select row_number() over (order by id) - 1 as n, id from artifact where size = 1000`,
    `insert into image_inventory (artifact_id, version, os_name, os_version, ecosystem)
      select id, 1, 'debian', '12', 'Debian:12' from seeded`,
    packages('deb', 'Debian:12', `'name' || d`, `'1.' || 95 + v`, `0, ${debNames - 1}`, '0, 4'),
    packages('npm', 'npm', `'package' || d`, `'1.' || v || '.0'`, `0, ${npmNames - 1}`, '0, 7'),
    packages('npm', 'npm', `'own' || d`, `'1.0.0'`, `0, ${images - 1}`, '0, 0'),
    packages('npm', 'npm', `case d when 0 then 'every' else 'tenth' end`, `'1.0.0'`, '0, 1', '0, 0'),
    'analyze package',
    links(
      'deb',
      `generate_series(0, 139) i`,
      `'name' || (n % ${bases} * 17 + i * 3) % ${debNames}`,
      `'1.' || 95 + n % 5`,
    ),
    links(
      'npm',
      'generate_series(0, 39) i',
      `'package' || (n % ${middles} * 37 + i * 7) % ${npmNames}`,
      `'1.' || n % 8 || '.0'`,
    ),
    links(
      'npm',
      'generate_series(1, 19) i',
      `'package' || (n * 7919 + i * 104729) % ${npmNames}`,
      `'1.' || (n + i) % 8 || '.0'`,
    ),
    links('npm', 'generate_series(1, 1) i', `'own' || n`, `'1.0.0'`),
    links('npm', 'generate_series(1, 1) i', `'every'`, `'1.0.0'`),
    links('npm', 'generate_series(1, 1) i', `'tenth'`, `'1.0.0'`, 'n % 10 = 0'),
    'drop table seeded',
    'vacuum analyze',
  ])
    await database.query(step)
  await database.query('set session_replication_role = default')
}

function packages(type: string, ecosystem: string, name: string, version: string, names: string, versions: string) {
  const purl = `'pkg:${type}/' || ${name} || '@' || ${version}`
  return `insert into package (hash, type, name, version, purl, ecosystem, wanted_name, wanted_version)
    select sha256(convert_to(${purl}, 'UTF8')), '${type}', ${name}, ${version}, ${purl}, '${ecosystem}', ${name},
      ${version}
    from generate_series(${names}) d, generate_series(${versions}) v`
}

const links = (type: string, rows: string, name: string, version: string, where = 'true') =>
  `insert into image_package (artifact_id, package_id)
    select seeded.id, package.id from seeded cross join ${rows}
      join package on package.purl = 'pkg:${type}/' || ${name} || '@' || ${version}
    where ${where} on conflict do nothing`

/**
 * Records of OSV: 30 for each name of Debian, of which three in a hundred hit a version of the images, and 18,000 of
 * npm. `more`: names of npm of which every version is hit.
 */
export function makeRecords(more: string[]): string {
  const modified = new Date().toISOString()
  const text = 'A flaw was found in how input is checked before it is used, which lets somebody far away do harm. '
  const record = (number: number, ecosystem: string, name: string, fixed: string | undefined) => ({
    id: `BENCH-${number}`,
    modified,
    aliases: [`CVE-2026-${100_000 + number}`],
    summary: `${name} mishandles input ${number}`,
    details: text.repeat(2 + (number % 12)),
    references: Array.from({ length: 5 }, (_, at) => ({ url: `https://example.com/advisories/${number}/${at}` })),
    severity: [
      { type: 'CVSS_V3', score: `CVSS:3.1/AV:N/AC:${'LH'[number % 2]!}/PR:N/UI:N/S:U/C:H/I:${'LHN'[number % 3]!}/A:N` },
    ],
    affected: [
      {
        package: { ecosystem, name },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, ...(fixed ? [{ fixed }] : [])] }],
      },
    ],
  })
  const records = []
  for (let number = 0; number < 30 * debNames; number++)
    records.push(record(number, 'Debian:12', `name${number % debNames}`, `1.${(number * 7919) % 100}`))
  for (let number = 0; number < 18_000; number++)
    records.push(
      record(
        20_000 + number,
        'npm',
        `package${number % npmNames}`,
        `1.${((number * 7919) % 40) - 32}.0`.replace('-', '0.'),
      ),
    )
  for (const [at, name] of more.entries()) records.push(record(40_000 + at, 'npm', name, undefined))
  return JSON.stringify(records)
}

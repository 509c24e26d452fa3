import assert from 'node:assert/strict'
import { ociManifest } from '../../../../oci/media-type.ts'
import { sql } from '../../../platform/db/sql.ts'
import { descriptorOf, fresh, pushBlob, pushManifest } from '../../../testing/given.ts'
import { eventually, expectAnswer } from '../../../testing/http.ts'
import type { LayerFile } from '../../../testing/layers.ts'
import { openScene } from '../../../testing/scene.ts'

/** A Marina of the test file that imports this, with users and projects; closed after its tests. */
const scene = await openScene({ MARINA_OUTBOUND_ALLOW: '127.0.0.1' })
export const marina = scene.marina
export const rest = scene.rest
export const cast = scene.cast
export const db = marina.ground.db
const { sys, maA, guA } = cast

export type Json = Record<string, unknown>
export const now = new Date().toISOString()
export const record = (
  id: string,
  ecosystem: string,
  name: string,
  fixed: string | undefined,
  more: Json = {},
): string =>
  JSON.stringify({
    id,
    modified: now,
    affected: [
      {
        package: { ecosystem, name },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, ...(fixed ? [{ fixed }] : [])] }],
      },
    ],
    ...more,
  })

/** An artifact whose layers are these files. */
export async function pushDatabase(files: Record<string, string | Buffer>, tag = 'latest'): Promise<string> {
  const repository = `${cast.A.name}/${fresh('vulndb')}`
  const empty = Buffer.from('{}')
  await pushBlob(marina, repository, empty)
  const layers = []
  for (const [title, content] of Object.entries(files)) {
    const bytes = Buffer.from(content)
    await pushBlob(marina, repository, bytes)
    layers.push({
      ...descriptorOf(bytes, 'application/octet-stream'),
      annotations: { 'org.opencontainers.image.title': title },
    })
  }
  const config = descriptorOf(empty, 'application/vnd.oci.empty.v1+json')
  const content = {
    schemaVersion: 2,
    mediaType: ociManifest,
    artifactType: 'application/vnd.marina.vulndb.v1',
    config,
    layers,
  }
  const pushed = await pushManifest(marina, repository, Buffer.from(JSON.stringify(content)), ociManifest, { tag })
  return `${repository}@${pushed.digest}`
}

type Run = { id: number; job_status: string; job_parameters: string }
export const imports = '/system/vulndb/imports'

/** Asks for an import, and waits until it has ended. */
export async function importFrom(
  source: string,
): Promise<{ status: string; counts: Record<string, number>; log: string }> {
  const asked = await eventually(async () =>
    expectAnswer(
      await rest('POST', `${imports}/schedule`, sys, { schedule: { type: 'Manual' }, parameters: { source } }),
      201,
    ),
  )
  const id = Number(/\/(\d+)$/.exec(asked.headers.location!)![1])
  const run = await eventually(async () => {
    const row = expectAnswer(await rest('GET', `${imports}/${id}`, sys), 200).json() as Run
    assert.ok(['Success', 'Error', 'Stopped'].includes(row.job_status), row.job_status)
    return row
  })
  const log = expectAnswer(await rest('GET', `${imports}/${id}/log`, sys), 200).text
  return { status: run.job_status, counts: JSON.parse(run.job_parameters) as Record<string, number>, log }
}

type State = {
  state: string
  current?: { id: number; source: string; ecosystems: Record<string, { advisories: number }>; skipped: Json }
  kept: { id: number }[]
}
export const stateOf = async () => expectAnswer(await rest('GET', '/system/vulndb', sys), 200).json() as State
/** All images are matched with the database in use. */
export const settled = () =>
  eventually(async () => {
    const row = await db.row<{ count: number }>(
      sql`select count(*) from task where job_type = 'VULNDB_MATCH' and status in ('Pending', 'Running')`,
    )
    assert.equal(row!.count, 0)
  })

export const debian: LayerFile[] = [
  ['etc/os-release', 'ID=debian\nVERSION_ID="12"\n'],
  [
    'var/lib/dpkg/status',
    'Package: libc6\nStatus: install ok installed\nVersion: 2.36-9+deb12u9\nSource: glibc\nArchitecture: amd64\n\n' +
      'Package: curl\nStatus: install ok installed\nVersion: 7.88.1-10\nArchitecture: amd64\n',
  ],
]
export const npmLayer = (name: string, version: string): LayerFile[] => [
  [`app/node_modules/${name}/package.json`, JSON.stringify({ name, version })],
]

export const inA = (repository: string, reference: string) =>
  `/projects/${cast.A.name}/repositories/${repository}/artifacts/${reference}`

/** Has the SBOM of an image made, by which its packages are known. */
export async function inventory(repository: string, reference = 'v1'): Promise<void> {
  await rest('POST', `${inA(repository, reference)}/scan`, maA, { scan_type: 'sbom' })
  await eventually(async () => expectAnswer(await rest('GET', `${inA(repository, reference)}/packages`, guA), 200))
}

type Shown = {
  state: string
  notes: string[]
  packages: number
  vulnerabilities: (Record<'id' | 'package' | 'version' | 'fix_version' | 'severity', string> & {
    suppressed?: string
    epss?: number
    is_exploited: boolean
  })[]
}
export const matchesOf = async (repository: string, reference = 'v1') =>
  expectAnswer(await rest('GET', `${inA(repository, reference)}/vulnerabilities`, guA), 200).json() as Shown
export const brief = ({ vulnerabilities }: Shown) =>
  vulnerabilities.map((one) => [one.id, one.package, one.version, one.fix_version, one.severity].join(' '))

export const glibc = record('DEBIAN-CVE-2026-0861', 'Debian:12', 'glibc', '2.36-9+deb12u14', {
  upstream: ['CVE-2026-0861'],
  summary: 'memalign overflows',
})
export const leftPad = record('GHSA-aaaa-bbbb-cccc', 'npm', 'left-pad', '1.3.0', {
  aliases: ['CVE-2026-7777'],
  database_specific: { severity: 'HIGH' },
})

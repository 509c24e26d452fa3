import type { Queryable } from '../../../../platform/db/db.ts'
import { sql } from '../../../../platform/db/sql.ts'

type Row = { type: string; name: string; version: string; purl: string; wantedName: string; wantedVersion: string }

/** Types whose packages Trivy compares by their sources. */
const bySource = new Set(['deb', 'apk'])
/** Types of packages of the system. */
const ofSystem = new Set(['deb', 'apk', 'rpm'])

/**
 * What an image holds, as a document of CycloneDX for Trivy: with the names of source packages, by properties that
 * Trivy writes itself (trivy.dev, "CycloneDX", custom properties). Undefined when the packages are not known.
 */
export async function documentOf(
  db: Queryable,
  artifactId: number,
): Promise<{ content: string; hasSystem: boolean } | undefined> {
  const image = await db.row<{ osName: string; osVersion: string }>(sql`
    select os_name as "osName", os_version as "osVersion" from image_inventory where artifact_id = ${artifactId}`)
  if (!image) return undefined
  const rows = await db.rows<Row>(sql`
    select type, name, version, purl, wanted_name as "wantedName", wanted_version as "wantedVersion"
    from image_package join package on package.id = package_id where artifact_id = ${artifactId} order by package.id`)
  const hasSystem = rows.some(({ type }) => ofSystem.has(type))
  const system = image.osName === '' ? [] : [systemOf(image.osName, image.osVersion)]
  const parts = rows.map((row, index) => ({ row, part: partOf(row, index) }))
  const inSystem = parts.filter(({ row }) => ofSystem.has(row.type)).map(({ part }) => part['bom-ref'])
  const content = JSON.stringify({
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    components: [...system, ...parts.map(({ part }) => part)],
    dependencies: system.map((one) => ({ ref: one['bom-ref'], dependsOn: inSystem })),
  })
  return { content, hasSystem }
}

const property = (name: string, value: string) => ({ name: `aquasecurity:trivy:${name}`, value })

/** Trivy's names of systems that call themselves otherwise in os-release. */
const families = new Map([
  ['rhel', 'redhat'],
  ['almalinux', 'alma'],
  ['ol', 'oracle'],
  ['amzn', 'amazon'],
])

function systemOf(id: string, version: string) {
  const name = families.get(id) ?? id
  const properties = [property('Class', 'os-pkgs'), property('Type', name)]
  return { 'bom-ref': 'system', 'type': 'operating-system', name, version, properties }
}

function partOf({ type, name, version, purl, wantedName, wantedVersion }: Row, index: number) {
  const source = bySource.has(type) && wantedName !== '' ? sourceOf(type, wantedName, wantedVersion) : undefined
  return {
    'bom-ref': `package-${index}`,
    'type': 'library',
    name,
    version,
    purl,
    ...(source ? { properties: source } : {}),
  }
}

/** Trivy takes the parts of a Debian version one by one; a part that is left out it takes from the binary package. */
function sourceOf(type: string, name: string, text: string) {
  const [, epoch, version = text, release] = /^(?:(\d+):)?(.+?)(?:-([^-]*))?$/.exec(text) ?? []
  if (type !== 'deb') return [property('SrcName', name), property('SrcVersion', text)]
  return [
    property('SrcName', name),
    property('SrcVersion', version),
    ...(release ? [property('SrcRelease', release)] : []),
    ...(epoch ? [property('SrcEpoch', epoch)] : []),
  ]
}

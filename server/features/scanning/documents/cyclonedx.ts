import { isExpression, isLicense } from './licenses.ts'
import type { SpdxDocument, SpdxPackage } from './spdx.ts'

type License = { license: { id: string } | { name: string } } | { expression: string }
type Part = {
  type: string
  'bom-ref': string
  name: string
  version?: string
  purl?: string
  licenses?: License[]
  hashes?: { alg: string; content: string }[]
  properties?: { name: string; value: string }[]
}

/** A document of CycloneDX 1.6 as JSON (cyclonedx.org/docs/1.6/json). */
type CycloneDx = {
  bomFormat: 'CycloneDX'
  specVersion: '1.6'
  serialNumber: string
  version: number
  metadata: { timestamp: string; tools: { components: object[] }; component?: Part }
  components: Part[]
  properties?: { name: string; value: string }[]
}

const purposes: Record<string, string> = { CONTAINER: 'container', OPERATING_SYSTEM: 'operating-system' }

/** A document of SPDX that Marina wrote, as CycloneDX 1.6: with the same packages, and the image as its subject. */
export function cycloneDxOf(document: SpdxDocument): CycloneDx {
  const parts = document.packages.map(partOf)
  const image = parts.find(({ type }) => type === 'container')
  const [, name, version] = /^Tool: (.+?)-([^-]+)$/.exec(document.creationInfo.creators[0] ?? '') ?? []
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${document.documentNamespace.slice(-36)}`,
    version: 1,
    metadata: {
      timestamp: document.creationInfo.created,
      tools: { components: [{ type: 'application', name: name ?? 'marina', ...(version ? { version } : {}) }] },
      ...(image ? { component: image } : {}),
    },
    components: parts.filter((one) => one !== image),
    ...(document.comment ? { properties: [{ name: 'marina:comment', value: document.comment }] } : {}),
  }
}

function partOf(one: SpdxPackage): Part {
  const purl = one.externalRefs?.find(({ referenceType }) => referenceType === 'purl')?.referenceLocator
  const license = licenseOf(one)
  const path = one.sourceInfo?.replace(/^found in /, '')
  const [checksum] = one.checksums ?? []
  return {
    type: purposes[one.primaryPackagePurpose ?? ''] ?? 'library',
    'bom-ref': purl ?? one.SPDXID,
    name: one.name,
    ...(one.versionInfo ? { version: one.versionInfo } : {}),
    ...(purl ? { purl } : {}),
    ...(license ? { licenses: [license] } : {}),
    ...(checksum
      ? { hashes: [{ alg: checksum.algorithm.replace(/^SHA/, 'SHA-'), content: checksum.checksumValue }] }
      : {}),
    ...(path ? { properties: [{ name: 'marina:path', value: path }] } : {}),
  }
}

function licenseOf({ licenseDeclared: declared, licenseComments: comments }: SpdxPackage): License | undefined {
  if (isLicense(declared)) return { license: { id: declared } }
  if (isExpression(declared)) return { expression: declared }
  const text = comments?.replace(/^declared as: /, '')
  return text ? { license: { name: text } } : undefined
}

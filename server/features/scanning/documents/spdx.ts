import { createHash } from 'node:crypto'
import { hexOf, type Digest } from '../../../../oci/digest.ts'
import type { Component, Found, Inventory } from '../inventory/component.ts'
import { purlOf } from '../inventory/purl.ts'
import { isExpression } from './licenses.ts'

/** The image that a document is about. `created` is the time that the image's config says, ISO 8601. */
export type Described = {
  repository: string
  digest: Digest
  created: string | undefined
  architecture: string | undefined
}

/** The parts of a package of SPDX 2.3 (spdx.github.io/spdx-spec/v2.3, clause 7) that Marina writes. */
export type SpdxPackage = {
  SPDXID: string
  name: string
  versionInfo?: string
  downloadLocation: string
  filesAnalyzed: boolean
  licenseConcluded: string
  licenseDeclared: string
  copyrightText: string
  licenseComments?: string
  sourceInfo?: string
  primaryPackagePurpose?: string
  checksums?: { algorithm: string; checksumValue: string }[]
  externalRefs?: { referenceCategory: string; referenceType: string; referenceLocator: string }[]
}
type Relationship = { spdxElementId: string; relationshipType: string; relatedSpdxElement: string }
/** A document of SPDX 2.3 as JSON. */
export type SpdxDocument = {
  spdxVersion: string
  dataLicense: string
  SPDXID: string
  name: string
  documentNamespace: string
  comment?: string
  creationInfo: { created: string; creators: string[] }
  packages: SpdxPackage[]
  relationships: Relationship[]
}

const [documentId, imageId, systemId] = ['SPDXRef-DOCUMENT', 'SPDXRef-Image', 'SPDXRef-OperatingSystem']
const unsaid = 'NOASSERTION'

/**
 * The inventory of an image as a document of SPDX 2.3. The same image and the same `maker`, such as `marina-1.0.0`,
 * make the same bytes: the times are the image's own.
 */
export function spdxOf(image: Described, { os, found, notes }: Inventory, maker: string): SpdxDocument {
  const packages = [imagePackage(image), ...(os ? [systemPackage(os)] : []), ...found.map((one) => packageOf(one, os))]
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: documentId,
    name: `${image.repository}@${image.digest}`,
    documentNamespace: `https://spdx.org/spdxdocs/${image.repository}-${uuidOf(image, maker)}`,
    ...(notes.length > 0 ? { comment: `Left out: ${notes.join('; ')}` } : {}),
    creationInfo: { created: secondsOf(image.created), creators: [`Tool: ${maker}`] },
    packages,
    relationships: [
      relation(documentId, 'DESCRIBES', imageId),
      ...packages.slice(1).map(({ SPDXID: id }) => relation(imageId, 'CONTAINS', id)),
    ],
  }
}

const relation = (from: string, relationshipType: string, to: string): Relationship => ({
  spdxElementId: from,
  relationshipType,
  relatedSpdxElement: to,
})

const common = {
  downloadLocation: unsaid,
  filesAnalyzed: false,
  licenseConcluded: unsaid,
  licenseDeclared: unsaid,
  copyrightText: unsaid,
}

function imagePackage({ repository, digest, architecture }: Described): SpdxPackage {
  const [algorithm] = digest.split(':')
  const name = repository.slice(repository.lastIndexOf('/') + 1)
  const arch = architecture ? `?arch=${encodeURIComponent(architecture)}` : ''
  return {
    SPDXID: imageId,
    name: repository,
    versionInfo: digest,
    ...common,
    primaryPackagePurpose: 'CONTAINER',
    checksums: [{ algorithm: algorithm!.toUpperCase(), checksumValue: hexOf(digest) }],
    externalRefs: [purlRef(`pkg:oci/${name}@${encodeURIComponent(digest)}${arch}`)],
  }
}

const systemPackage = ({ name, version }: Component): SpdxPackage => ({
  SPDXID: systemId,
  name,
  ...(version === '' ? {} : { versionInfo: version }),
  ...common,
  primaryPackagePurpose: 'OPERATING_SYSTEM',
})

function packageOf({ path, component }: Found, os: Component | undefined): SpdxPackage {
  const { version, license } = component
  const purl = purlOf(component, os)!
  const isKnown = license !== undefined && isExpression(license)
  return {
    SPDXID: `SPDXRef-Package-${component.type}-${createHash('sha256').update(purl).digest('hex').slice(0, 16)}`,
    name: nameOf(component),
    ...(version === '' ? {} : { versionInfo: version }),
    ...common,
    ...(isKnown ? { licenseDeclared: license } : license ? { licenseComments: `declared as: ${license}` } : {}),
    sourceInfo: `found in /${path}`,
    externalRefs: [purlRef(purl)],
  }
}

const purlRef = (purl: string) => ({
  referenceCategory: 'PACKAGE-MANAGER',
  referenceType: 'purl',
  referenceLocator: purl,
})

/** The name by which the package's own tools know it. */
function nameOf({ type, namespace, name }: Component): string {
  if (namespace === undefined) return name
  return type === 'maven' ? `${namespace}:${name}` : `${namespace}/${name}`
}

/** A UUID that the image and the maker decide, of version 8 (RFC 9562, 5.8). */
function uuidOf({ repository, digest }: Pick<Described, 'repository' | 'digest'>, maker: string): string {
  const bytes = createHash('sha256').update(`${maker}\n${repository}@${digest}`).digest().subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x80
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** Times of SPDX have no fractions of seconds (clause 6.9). An image that says none has the first of Unix. */
function secondsOf(time: string | undefined): string {
  const at = new Date(time ?? 0)
  const year = at.getUTCFullYear()
  const isUsual = year >= 1970 && year <= 9999
  return `${(isUsual ? at : new Date(0)).toISOString().slice(0, 19)}Z`
}

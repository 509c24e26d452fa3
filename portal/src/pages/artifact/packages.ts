/** The packages that an SBOM lists, from SPDX (2.2, 2.3) or CycloneDX as JSON. Pure. */

export type Package = {
  name: string
  version: string
  /** The kind by its package URL, such as `deb`, `npm` or `golang`; '' without one. */
  kind: string
  license: string
  /** The file of the image that names it; '' where the document does not say. */
  place: string
}

/** `remark`: what the document says of itself, such as what it leaves out. */
export type Inventory = { packages: Package[]; remark: string }

type Spdx = {
  spdxVersion: string
  comment?: string
  packages?: {
    name?: string
    versionInfo?: string
    primaryPackagePurpose?: string
    licenseDeclared?: string
    licenseComments?: string
    sourceInfo?: string
    externalRefs?: { referenceType?: string; referenceLocator?: string }[]
  }[]
}
type CycloneDx = {
  bomFormat: string
  components?: {
    name?: string
    group?: string
    version?: string
    purl?: string
    type?: string
    licenses?: { license?: { id?: string; name?: string }; expression?: string }[]
  }[]
}

/** Undefined for a document of another form. */
export function inventoryOf(text: string): Inventory | undefined {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof document !== 'object' || document === null) return undefined
  if ('spdxVersion' in document) return ofSpdx(document as Spdx)
  return 'bomFormat' in document ? ofCycloneDx(document as CycloneDx) : undefined
}

/** `deb` of `pkg:deb/debian/bash@5.2`. */
const kindOf = (purl: string | undefined): string => /^pkg:([\w.+-]+)\//.exec(purl ?? '')?.[1] ?? ''

const said = (text: string | undefined): string => (text === undefined || /^NO(NE|ASSERTION)$/.test(text) ? '' : text)

function ofSpdx({ packages = [], comment = '' }: Spdx): Inventory {
  // The image itself, and its operating system, are no packages of it.
  const listed = packages.filter(
    ({ primaryPackagePurpose: purpose }) => purpose !== 'CONTAINER' && purpose !== 'OPERATING_SYSTEM',
  )
  return {
    remark: comment,
    packages: listed.map((one) => ({
      name: one.name ?? '',
      version: one.versionInfo ?? '',
      kind: kindOf(one.externalRefs?.find(({ referenceType }) => referenceType === 'purl')?.referenceLocator),
      license: said(one.licenseDeclared) || (one.licenseComments ?? '').replace(/^declared as: /, ''),
      place: (one.sourceInfo ?? '').replace(/^found in /, ''),
    })),
  }
}

function ofCycloneDx({ components = [] }: CycloneDx): Inventory {
  const listed = components.filter(({ type }) => type !== 'operating-system' && type !== 'file')
  return {
    remark: '',
    packages: listed.map(({ name = '', group, version = '', purl, licenses = [] }) => ({
      name: group === undefined || group === '' ? name : `${group}/${name}`,
      version,
      kind: kindOf(purl),
      license: licenses
        .map(({ license, expression }) => expression ?? license?.id ?? license?.name ?? '')
        .filter((one) => one !== '')
        .join(', '),
      place: '',
    })),
  }
}

/** Those whose name or version contains the text, of one kind; '' takes all. In the order of names. */
export function choose(packages: readonly Package[], text: string, kind: string): Package[] {
  const wanted = text.trim().toLowerCase()
  return packages
    .filter(
      (one) =>
        (kind === '' || one.kind === kind) &&
        (wanted === '' || `${one.name} ${one.version}`.toLowerCase().includes(wanted)),
    )
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.version < b.version ? -1 : 1))
}

/** The kinds with how many packages are of each, the most first. */
export function countKinds(packages: readonly Package[]): [kind: string, count: number][] {
  const counts = new Map<string, number>()
  for (const { kind } of packages) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a)
}

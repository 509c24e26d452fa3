import { isDigest, type Digest } from './digest.ts'
import { OciError } from './errors.ts'
import { parseStrictJson } from './json.ts'
import {
  bareMediaType,
  isForeignLayer,
  isManifestType,
  isMediaType,
  isSchema1,
  manifestTypes,
  mediaTypeRule,
  type ManifestKind,
  type ManifestType,
} from './media-type.ts'

/** OCI Image Specification 1.1, "Descriptor"; sizes in bytes. */
export type Descriptor = {
  mediaType: string
  digest: Digest
  size: number
  urls?: string[]
  annotations?: Record<string, string>
  artifactType?: string
  platform?: Record<string, unknown>
}

/** What a manifest says, whatever its media type. Marina stores and sends the original bytes, never this. */
export type Manifest = {
  mediaType: ManifestType
  kind: ManifestKind
  /** What the referrers list shows: `artifactType`, else the config's media type (Distribution Specification 1.1). */
  artifactType: string | undefined
  config: Descriptor | undefined
  layers: Descriptor[]
  children: Descriptor[]
  subject: Descriptor | undefined
  annotations: Record<string, string>
}

/** The most entries of each list, so that no manifest can make one transaction or one answer arbitrarily large. */
export const manifestLimits = { layers: 4096, children: 1000, annotations: 1024, urls: 16, urlLength: 4096 }

const manifestKeys = [
  'schemaVersion',
  'mediaType',
  'artifactType',
  'config',
  'layers',
  'manifests',
  'subject',
  'annotations',
  'fsLayers',
  'blobs',
]
const descriptorKeys = ['mediaType', 'digest', 'size', 'urls', 'annotations', 'data', 'artifactType', 'platform']

/**
 * Reads a manifest strictly. `contentType` is the request's header and may be absent when the body names its own type.
 * Throws MANIFEST_INVALID with the first rule that is broken.
 */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined): Manifest {
  const body = parseObject(bytes)
  const mediaType = decideType(body, contentType)
  const kind = manifestTypes[mediaType]
  if (body.schemaVersion !== 2) invalid('schemaVersion must be 2')
  refuseMixture(body, kind)
  const config = kind === 'image' ? parseDescriptor(body.config, 'config') : undefined
  const layers = kind === 'image' ? parseDescriptors(body.layers ?? [], 'layers', manifestLimits.layers) : []
  const children = kind === 'index' ? parseDescriptors(body.manifests ?? [], 'manifests', manifestLimits.children) : []
  refuseTwoSizes(config ? [config, ...layers] : [...layers, ...children])
  return {
    mediaType,
    kind,
    artifactType: parseArtifactType(body.artifactType) ?? config?.mediaType,
    config,
    layers,
    children,
    subject: isAbsent(body.subject) ? undefined : parseDescriptor(body.subject, 'subject'),
    annotations: parseAnnotations(body.annotations, 'annotations'),
  }
}

/**
 * The blobs that a manifest names, each digest once: config, layers, and those entries of an index that are no
 * manifests (BuildKit's cache). The manifest holds those of them that the repository has.
 */
export function namedBlobs({ config, layers, children }: Manifest): Descriptor[] {
  return onceEach([
    ...(config ? [config] : []),
    ...layers,
    ...children.filter((child) => !isManifestType(child.mediaType)),
  ])
}

/**
 * Blobs that must be in the repository before the manifest is: config and layers, each once, without foreign layers
 * that have a URL (C-59).
 */
export function neededBlobs({ config, layers }: Manifest): Descriptor[] {
  const needed = layers.filter(({ mediaType, urls }) => !urls?.length || !isForeignLayer(mediaType))
  return onceEach(config ? [config, ...needed] : needed)
}

function onceEach(descriptors: Descriptor[]): Descriptor[] {
  return [...new Map(descriptors.map((one) => [one.digest, one])).values()]
}

type Body = Record<string, unknown>

function parseObject(bytes: Uint8Array): Body {
  let value: unknown
  try {
    value = parseStrictJson(bytes)
  } catch (error) {
    invalid(`not JSON that can be read in one way only: ${error instanceof Error ? error.message : 'unreadable'}`)
  }
  if (!isObject(value)) invalid('a manifest is a JSON object')
  refuseFolded(value, manifestKeys)
  return value
}

/** Go's JSON reader takes `Digest`, and even `dige\u017ft`, for `digest`: Marina must check the value that Go reads. */
function refuseFolded(value: Body, keys: string[]) {
  for (const key of Object.keys(value)) {
    const meant = keys.find((known) => known !== key && known.toLowerCase() === fold(key))
    if (meant) invalid(`the key ${JSON.stringify(key)} must be written ${meant}: some readers fold case`)
  }
}

/** Upper case first: it maps the long s and the Kelvin sign to the letters that they fold to. */
const fold = (text: string) => text.toUpperCase().toLowerCase()

function decideType(body: Body, contentType: string | undefined): ManifestType {
  const header = bareMediaType(contentType)
  const own = isAbsent(body.mediaType) || body.mediaType === '' ? undefined : body.mediaType
  if (own !== undefined && typeof own !== 'string') invalid('mediaType must be a string')
  if (isSchema1(header) || !isAbsent(body.fsLayers))
    invalid('Docker schema 1 is not accepted: push with a client of the last ten years')
  const generic = header === '' || header === 'application/json' || header === 'application/octet-stream'
  if (own !== undefined && !generic && own !== header)
    invalid(`the body says mediaType ${own}, the Content-Type header ${header}`)
  const type = own ?? header
  if (own === undefined && generic) invalid('neither a Content-Type header nor mediaType says what this manifest is')
  if (!isManifestType(type)) invalid(`manifests of type ${type.slice(0, 120)} are not known`)
  return type
}

function refuseMixture(body: Body, kind: ManifestKind) {
  if (!isAbsent(body.blobs)) invalid('blobs is not a part of image manifests or indexes')
  if (kind === 'image' && !isAbsent(body.manifests)) invalid('an image manifest must not have manifests')
  if (kind === 'index' && !(isAbsent(body.config) && isAbsent(body.layers)))
    invalid('an index must not have config or layers')
}

function refuseTwoSizes(descriptors: Descriptor[]) {
  const sizes = new Map<string, number>()
  for (const { digest, size } of descriptors) {
    if ((sizes.get(digest) ?? size) !== size) invalid(`${digest} is given two sizes`)
    sizes.set(digest, size)
  }
}

function parseArtifactType(value: unknown): string | undefined {
  if (isAbsent(value) || value === '') return undefined
  if (typeof value !== 'string' || !isMediaType(value)) invalid(`artifactType must be ${mediaTypeRule}`)
  return value
}

function parseDescriptors(value: unknown, where: string, limit: number): Descriptor[] {
  if (!Array.isArray(value)) invalid(`${where} must be an array of descriptors`)
  if (value.length > limit) invalid(`${where} has ${value.length} entries, at most ${limit} are allowed`)
  return value.map((one, index) => parseDescriptor(one, `${where}[${index}]`))
}

function parseDescriptor(value: unknown, where: string): Descriptor {
  if (!isObject(value)) invalid(`${where} must be a descriptor`)
  refuseFolded(value, descriptorKeys)
  const { mediaType, digest, size, artifactType, platform } = value
  if (typeof mediaType !== 'string' || !isMediaType(mediaType)) invalid(`${where}.mediaType must be ${mediaTypeRule}`)
  if (typeof digest !== 'string' || !isDigest(digest)) invalid(`${where}.digest must be a sha256 or sha512 digest`)
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    invalid(`${where}.size must be a whole number of bytes, 0 or more`)
  const urls = parseUrls(value.urls, `${where}.urls`)
  return {
    mediaType,
    digest,
    size,
    ...(urls ? { urls } : {}),
    ...(isAbsent(value.annotations)
      ? {}
      : { annotations: parseAnnotations(value.annotations, `${where}.annotations`) }),
    ...(typeof artifactType === 'string' ? { artifactType } : {}),
    ...(isObject(platform) ? { platform } : {}),
  }
}

/** Foreign layers: http or https, no fragment, never fetched by the registry (C-59). */
function parseUrls(value: unknown, where: string): string[] | undefined {
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value) || value.length > manifestLimits.urls)
    invalid(`${where} must be an array of at most ${manifestLimits.urls} URLs`)
  return value.map((one) => {
    const url =
      typeof one === 'string' && one.length <= manifestLimits.urlLength && URL.canParse(one) ? new URL(one) : undefined
    if (!url || !/^https?:$/.test(url.protocol) || url.hash)
      invalid(`${where} may hold only http and https URLs without a fragment`)
    return one as string
  })
}

function parseAnnotations(value: unknown, where: string): Record<string, string> {
  if (value === undefined || value === null) return {}
  if (!isObject(value)) invalid(`${where} must be an object of strings`)
  const entries = Object.entries(value)
  if (entries.length > manifestLimits.annotations)
    invalid(`${where} has more than ${manifestLimits.annotations} entries`)
  for (const [key, text] of entries) {
    if (typeof text !== 'string') invalid(`${where}[${JSON.stringify(key.slice(0, 60))}] must be a string`)
    if (!isStorable(key) || !isStorable(text)) invalid(`${where} holds a NUL or half a character`)
  }
  return value as Record<string, string>
}

/** PostgreSQL keeps neither in text nor in jsonb. */
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

/** Go writes a nil list as null, and other languages write null for each member that is not there. */
function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(why: string): never {
  throw new OciError('MANIFEST_INVALID', `manifest invalid: ${why}`)
}

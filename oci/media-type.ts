/** The manifest types Marina keeps, and what each is. */
export const manifestTypes = {
  'application/vnd.oci.image.manifest.v1+json': 'image',
  'application/vnd.oci.image.index.v1+json': 'index',
  'application/vnd.docker.distribution.manifest.v2+json': 'image',
  'application/vnd.docker.distribution.manifest.list.v2+json': 'index',
} as const

export type ManifestType = keyof typeof manifestTypes
export type ManifestKind = (typeof manifestTypes)[ManifestType]

export const ociIndex = 'application/vnd.oci.image.index.v1+json' satisfies ManifestType
export const ociManifest = 'application/vnd.oci.image.manifest.v1+json' satisfies ManifestType

export function isManifestType(text: string): text is ManifestType {
  return Object.hasOwn(manifestTypes, text)
}

/** Docker's schema 1 types; they are recognized so that the error can say what to do. */
export function isSchema1(type: string): boolean {
  return type.startsWith('application/vnd.docker.distribution.manifest.v1')
}

const mediaTypeForm = /^[^\p{C}\p{Zl}\p{Zp}]{1,255}$/u

/**
 * Whether a type that Marina does not interpret can be kept and shown: 1 to 255 characters, none of them invisible. It
 * need not have the form of RFC 6838: many existing artifacts have types with parameters or bare words, and copying
 * them has to work.
 */
export function isMediaType(text: string): boolean {
  return mediaTypeForm.test(text)
}

/** The rule of `isMediaType`, for error messages. */
export const mediaTypeRule = 'a media type of 1 to 255 characters, without control characters'

const foreignLayers = [
  'application/vnd.docker.image.rootfs.foreign.diff.tar',
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
]

/**
 * Whether layers of this type may not be distributed, so that a manifest may name only their URL: Docker's foreign and
 * OCI's nondistributable layers.
 */
export function isForeignLayer(type: string): boolean {
  return foreignLayers.includes(bareMediaType(type))
}

/** `Application/JSON; charset=utf-8` → `application/json`. */
export function bareMediaType(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]!.trim().toLowerCase()
}

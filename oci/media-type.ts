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

const mediaTypeForm = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/

/** RFC 6838, 4.2: type "/" subtype, without parameters. */
export function isMediaType(text: string): boolean {
  return mediaTypeForm.test(text)
}

/** `Application/JSON; charset=utf-8` → `application/json`. */
export function bareMediaType(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]!.trim().toLowerCase()
}

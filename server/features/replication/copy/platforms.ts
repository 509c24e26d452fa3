import type { Descriptor, Manifest } from '../../../../oci/manifest.ts'
import { isManifestType } from '../../../../oci/media-type.ts'

/**
 * The children of an index that are wanted. Those without a platform, such as attestations and nested indexes, go with
 * what is wanted. `linux/arm` takes every variant, `linux/arm/v7` this one alone.
 */
export function wantedChildren({ children }: Pick<Manifest, 'children'>, platforms: readonly string[]): Descriptor[] {
  if (platforms.length === 0) return children
  const isWanted = (child: Descriptor): boolean => {
    const name = platformOf(child)
    return name === undefined || platforms.some((one) => name === one || name.startsWith(`${one}/`))
  }
  const unwanted = new Set(children.filter((one) => !isWanted(one)).map(({ digest }) => digest))
  return children.filter((child) => {
    // BuildKit's attestation names the image that it is about.
    const about = child.annotations?.['vnd.docker.reference.digest']
    return isWanted(child) && !unwanted.has(about as Descriptor['digest'])
  })
}

/** `os/architecture[/variant]`; undefined for a child without a platform, or `unknown/unknown`. */
function platformOf({ platform, mediaType }: Descriptor): string | undefined {
  if (!isManifestType(mediaType) || !platform) return undefined
  const [os, architecture, variant] = ['os', 'architecture', 'variant'].map((key) => platform[key])
  if (typeof os !== 'string' || typeof architecture !== 'string' || os === 'unknown') return undefined
  return [os, architecture, ...(typeof variant === 'string' && variant !== '' ? [variant] : [])].join('/')
}

/** An index with these children alone, in their order, and everything else as it was. */
export function rewritten(content: Buffer, kept: readonly Descriptor[]): Buffer {
  const body = JSON.parse(content.toString()) as { manifests: { digest: string }[] }
  const digests = new Set<string>(kept.map(({ digest }) => digest))
  return Buffer.from(JSON.stringify({ ...body, manifests: body.manifests.filter(({ digest }) => digests.has(digest)) }))
}

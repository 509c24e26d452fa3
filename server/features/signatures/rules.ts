import type { Manifest } from '../../../oci/manifest.ts'

/** What a project asks of the images that are pulled from it. */
export type Wanted = { cosign: boolean; notation: boolean; verified: boolean }

/** Reads it from the project's metadata; undefined when the project asks for nothing. */
export function wantedOf(metadata: Readonly<Record<string, string>>): Wanted | undefined {
  const cosign = metadata['enable_content_trust_cosign'] === 'true'
  const notation = metadata['enable_content_trust'] === 'true'
  const verified = metadata['verify_signatures'] === 'true'
  return cosign || notation || verified ? { cosign, notation, verified } : undefined
}

/** Harbor's words. */
export const words = {
  cosign: 'The image is not signed by cosign.',
  notation: 'The image is not signed by notation.',
} as const

/** Media types of layers that say something about another artifact, and that no program runs. */
const sayings = [
  'application/vnd.dev.cosign.simplesigning.v1+json',
  'application/vnd.dsse.envelope.v1+json',
  'application/vnd.in-toto+json',
  'application/jose+json',
  'application/cose',
  'application/spdx+json',
  'application/vnd.cyclonedx+json',
  'application/vnd.cyclonedx+xml',
  'application/vnd.syft+json',
  'text/spdx',
  'text/spdx+json',
  'text/spdx+xml',
]
const harborSbom = 'application/vnd.goharbor.harbor.sbom.v1'
/** Types of artifacts that hold signatures, beside those of their layers. */
const signatureArtifacts = ['application/vnd.cncf.notary.signature', 'application/vnd.dev.cosign.artifact.sig.v1+json']

const isSayingType = (type: string): boolean =>
  sayings.includes(type) || type.startsWith('application/vnd.dev.sigstore.bundle')

/**
 * Whether the artifact only says something about another one: a signature, an attestation, an SBOM. These are pulled in
 * order to check an image, and cannot be signed before they are there. It is judged by the layers alone: an image that
 * names another one as its subject is still an image. An index of such artifacts is a list of referrers, which notation
 * keeps under the tag `sha256-<hex>` (Distribution Specification 1.1, "Referrers Tag Schema"): it may call its entries
 * what it likes, since each of them is judged when it is pulled.
 */
export function isSaying({ kind, config, layers, children }: Manifest): boolean {
  if (kind === 'index')
    return (
      children.length > 0 &&
      children.every(({ artifactType = '' }) => isSayingType(artifactType) || signatureArtifacts.includes(artifactType))
    )
  if (layers.length === 0) return false
  return config?.mediaType === harborSbom || layers.every(({ mediaType }) => isSayingType(mediaType))
}

/** Clients that sign, by their User-Agent: they read an image before it has a signature. */
export const isSigningClient = (userAgent: string): boolean => /\b(?:cosign|notation)\b/i.test(userAgent)

/**
 * Takes a list, the oldest first, in turns from its start and its end: the oldest, the newest, the second oldest, ...
 * Where only the first few are looked at, neither a flood of new signatures nor many outdated ones hide the others.
 */
export function fromBothEnds<Value>(all: readonly Value[]): Value[] {
  return all.map((_, index) => (index % 2 === 0 ? all[index / 2]! : all[all.length - (index + 1) / 2]!))
}

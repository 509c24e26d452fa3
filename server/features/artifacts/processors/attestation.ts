import type { Manifest } from '../../../../oci/manifest.ts'
import type { Processor } from './processor.ts'

/** Media types of layers with statements about another artifact: BuildKit's, and those that cosign signs. */
const statementTypes = ['application/vnd.in-toto+json', 'application/vnd.dsse.envelope.v1+json']
/** Annotations by which a layer, or a Sigstore bundle as a whole, names the type of its statement. */
const predicateKeys = ['in-toto.io/predicate-type', 'predicateType', 'dev.sigstore.bundle.predicateType']
/** The predicate type of cosign's bundles that only sign. */
const signature = 'https://sigstore.dev/cosign/sign/v1'

/** The predicate types of an attestation, such as `https://slsa.dev/provenance/v1`; none for a signature. */
export function predicateTypes({ annotations, layers }: Manifest): string[] {
  const all = [annotations, ...layers.map((layer) => layer.annotations ?? {})]
  const found = all.flatMap((one) => predicateKeys.flatMap((key) => one[key] ?? []))
  return [...new Set(found)].filter((one) => one !== signature)
}

/** Statements about an image: how it was built, what is in it. */
export const attestation: Processor = {
  type: 'ATTESTATION',
  isFor: (manifest) => {
    const { layers } = manifest
    const isStated = layers.length > 0 && layers.every(({ mediaType }) => statementTypes.includes(mediaType))
    return isStated || predicateTypes(manifest).length > 0
  },
  read: async (manifest) => ({ predicate_types: predicateTypes(manifest) }),
  additions: [],
}

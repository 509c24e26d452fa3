import { isDigest, type Digest } from '../../../oci/digest.ts'
import type { Manifest } from '../../../oci/manifest.ts'
import type { Tag } from '../../../oci/reference.ts'
import { accessoryOfTag, type AccessoryType } from '../../catalog/accessory.ts'
import { sbomTypes } from './processors/sbom.ts'

const bySubject: Record<string, AccessoryType> = {
  'application/vnd.dev.cosign.artifact.sig.v1+json': 'signature.cosign',
  'application/vnd.dev.cosign.simplesigning.v1+json': 'signature.cosign',
  'application/vnd.dev.sigstore.bundle.v0.3+json': 'signature.cosign',
  'application/vnd.cncf.notary.signature': 'signature.notation',
  ...Object.fromEntries(sbomTypes.map((type) => [type, 'sbom.harbor' as const])),
}

const nydusDriver = 'io.goharbor.artifact.v1alpha1.acceleration.driver.name'
const nydusSource = 'io.goharbor.artifact.v1alpha1.acceleration.source.digest'

/**
 * Returns the type and the subject of an accessory, told by nydus' annotations, by `subject` or by cosign's tags;
 * undefined for any other artifact. The subject need not exist yet.
 */
export function accessoryOf(manifest: Manifest, tags: Tag[]): { type: AccessoryType; subject: Digest } | undefined {
  const { subject, annotations, layers, config, artifactType } = manifest
  const source = annotations[nydusSource]
  if (annotations[nydusDriver] === 'nydus' && source !== undefined && isDigest(source))
    return { type: 'accelerator.nydus', subject: source }
  if (subject) {
    const known = [artifactType, config?.mediaType, layers[0]?.mediaType].find(
      (type) => type !== undefined && Object.hasOwn(bySubject, type),
    )
    return { type: known === undefined ? 'subject.accessory' : bySubject[known]!, subject: subject.digest }
  }
  return tags.map(accessoryOfTag).find((one) => one !== undefined)
}

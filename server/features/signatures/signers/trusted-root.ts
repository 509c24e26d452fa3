import { TrustedRoot as TrustedRootJson } from '@sigstore/protobuf-specs'
import { toTrustMaterial } from '@sigstore/verify'
import { orProblem, SignerProblem } from './parse.ts'
import type { TrustedRoot } from './signer.ts'

/** A trusted root as Sigstore publishes it (trusted_root.json). Throws SignerProblem. */
export function readTrustedRoot(name: string, content: object): TrustedRoot {
  const material = orProblem(
    () => toTrustMaterial(TrustedRootJson.fromJSON(content)),
    'this is no trusted root (trusted_root.json) that can be read',
  )
  const { certificateAuthorities, tlogs, timestampAuthorities } = material
  if (certificateAuthorities.length === 0) throw new SignerProblem('the trusted root has no certificate authority')
  if (tlogs.length + timestampAuthorities.length === 0)
    throw new SignerProblem('the trusted root has no transparency log and no timestamp authority')
  return { name, material }
}

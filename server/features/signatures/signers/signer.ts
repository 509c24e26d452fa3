import type { TrustMaterial } from '@sigstore/verify'
import type { KeyObject, X509Certificate } from 'node:crypto'

/** What a project stores of a signer that it trusts. */
export type SignerContent =
  /** Signatures of cosign by this key. PEM. */
  | { kind: 'key'; publicKey: string }
  /** Signatures of notation by certificates below these. PEM; identities as notation's trust policies write them. */
  | { kind: 'certificate'; certificates: string; identities: string[] }
  /** Signatures of cosign by accounts; `*` in issuer and subject stands for any characters. */
  | { kind: 'keyless'; issuer: string; subject: string; trustRoot: string }

/** A trusted root of a Sigstore (trusted_root.json), ready to be checked against. */
export type TrustedRoot = { name: string; material: TrustMaterial }

type KeySigner = { kind: 'key'; name: string; key: KeyObject }
/** An identity is a list of attributes of the subject that a certificate must have; none: any certificate. */
export type Identity = readonly (readonly [attribute: string, value: string])[]
export type CertificateSigner = {
  kind: 'certificate'
  name: string
  anchors: readonly X509Certificate[]
  identities: readonly Identity[]
}
export type KeylessSigner = { kind: 'keyless'; name: string; issuer: string; subject: string; root: TrustedRoot }

/** A signer that a project trusts, ready to be checked against. */
export type Signer = KeySigner | CertificateSigner | KeylessSigner

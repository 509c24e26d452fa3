/** Signatures in the forms of cosign and notation, made by hand: also such that no tool would make. */
import { execFile } from 'node:child_process'
import { createHash, generateKeyPairSync, sign, X509Certificate, type KeyObject } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { encode } from 'cborg'
import type { Digest } from '../../oci/digest.ts'
import { ociManifest } from '../../oci/media-type.ts'
import { descriptorOf, pushBlob, pushManifest, type Pushed } from './given.ts'
import type { Person } from './http.ts'
import type { TestMarina } from './server.ts'

type KeyPair = { publicKey: KeyObject; privateKey: KeyObject }
export const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }) as string

/** A key of each kind that cosign can sign with. */
export const keyPairs = {
  'P-256': () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
  'P-384': () => generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
  RSA: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  Ed25519: () => generateKeyPairSync('ed25519'),
} as const

/** A layer that holds a signature. */
export type SignedLayer = { mediaType: string; bytes: Buffer; annotations?: Record<string, string> }

const hashOf = (key: KeyObject) => (key.asymmetricKeyType === 'ed25519' ? null : 'sha256')

/** The small JSON that cosign 2 signs, and the signature as an annotation. */
export function simpleSigning(subject: Digest | string, { privateKey }: KeyPair): SignedLayer {
  const bytes = Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': '' },
        image: { 'docker-manifest-digest': subject },
        type: 'cosign container image signature',
      },
      optional: null,
    }),
  )
  const signature = sign(hashOf(privateKey), bytes, privateKey).toString('base64')
  return {
    mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
    bytes,
    annotations: { 'dev.cosignproject.cosign/signature': signature },
  }
}

const inToto = 'application/vnd.in-toto+json'

function statementOf(subject: string, predicateType: string): Buffer {
  const [algorithm, hex] = subject.split(':')
  return Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ digest: { [algorithm!]: hex } }],
      predicateType,
      predicate: {},
    }),
  )
}

/** The bytes of an envelope that are signed (DSSE 1.0). */
const preAuthentication = (payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`DSSEv1 ${inToto.length} ${inToto} ${payload.length} `), payload])

function envelopeOf(payload: Buffer, { privateKey }: KeyPair) {
  const sig = sign(hashOf(privateKey), preAuthentication(payload), privateKey).toString('base64')
  return { payload: payload.toString('base64'), payloadType: inToto, signatures: [{ sig, keyid: '' }] }
}

/** A statement in an envelope, as cosign 2 attests. */
export const attestation = (subject: string, predicateType: string, keys: KeyPair): SignedLayer => ({
  mediaType: 'application/vnd.dsse.envelope.v1+json',
  bytes: Buffer.from(JSON.stringify(envelopeOf(statementOf(subject, predicateType), keys))),
  annotations: { 'dev.cosignproject.cosign/signature': '', predicateType },
})

const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json'
const signsOnly = 'https://sigstore.dev/cosign/sign/v1'

/** A statement in a Sigstore bundle, signed with a key, as cosign 3 signs and attests. */
export function keyBundle(subject: string, keys: KeyPair, predicateType = signsOnly): SignedLayer {
  const hint = createHash('sha256').update(pemOf(keys.publicKey)).digest('base64')
  return {
    mediaType: bundleType,
    bytes: Buffer.from(
      JSON.stringify({
        mediaType: bundleType,
        verificationMaterial: { publicKey: { hint }, tlogEntries: [] },
        dsseEnvelope: envelopeOf(statementOf(subject, predicateType), keys),
      }),
    ),
  }
}

/** An artifact that holds signatures of `subject`, which need not be there; pushed by its digest, or cosign's tag. */
export async function pushSignatures(
  marina: TestMarina,
  repository: string,
  layers: SignedLayer[],
  how: { subject: Pushed['descriptor']; artifactType?: string } | { tag: string },
  as: Person = marina.admin,
): Promise<Pushed> {
  const config = Buffer.from('{}')
  for (const bytes of new Set([config, ...layers.map((one) => one.bytes)]))
    await pushBlob(marina, repository, bytes, { as })
  const isTagged = 'tag' in how
  const content = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociManifest,
      ...(isTagged ? {} : { artifactType: how.artifactType ?? layers[0]!.mediaType, subject: how.subject }),
      config: descriptorOf(
        config,
        isTagged ? 'application/vnd.oci.image.config.v1+json' : 'application/vnd.oci.empty.v1+json',
      ),
      layers: layers.map(({ mediaType, bytes, annotations }) => ({
        ...descriptorOf(bytes, mediaType),
        ...(annotations ? { annotations } : {}),
      })),
    }),
  )
  return pushManifest(marina, repository, content, ociManifest, { as, ...(isTagged ? { tag: how.tag } : {}) })
}

/** The tag by which cosign 2 finds the signatures of an artifact. */
export const signatureTag = (digest: Digest): string => `${digest.replace(':', '-')}.sig`

export type Issued = { certificate: X509Certificate; key: KeyObject }
type Wish = {
  subject: string
  issuer?: Issued
  /** As openssl writes extensions, one a line. */
  extensions?: string
  curve?: string
  /** Such as `20200101000000Z`; by default from a day ago for a year. */
  from?: string
  to?: string
}

export const caExtensions = 'basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign'
export const signerExtensions =
  'basicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning'

/** A certificate by openssl: of the issuer, or self-signed. */
export async function issue(wish: Wish): Promise<Issued> {
  const { subject, issuer, extensions = signerExtensions, curve = 'P-256', from, to } = wish
  const dir = await mkdtemp(join(tmpdir(), 'signing-'))
  const at = (name: string) => join(dir, name)
  const openssl = (...words: string[]) => promisify(execFile)('openssl', words)
  try {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: curve })
    await writeFile(at('key'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
    await writeFile(at('ext'), `[req]\ndistinguished_name=dn\n[dn]\n[ext]\n${extensions}\n`)
    await openssl('req', '-new', '-key', at('key'), '-subj', subject, '-config', at('ext'), '-out', at('csr'))
    const signing = issuer?.key ?? privateKey
    await writeFile(at('cakey'), signing.export({ type: 'pkcs8', format: 'pem' }))
    if (issuer) await writeFile(at('ca'), issuer.certificate.toString())
    const by = issuer ? ['-cert', at('ca')] : ['-selfsign']
    await writeFile(
      at('ca.cnf'),
      `[ca]\ndefault_ca=d\n[d]\ndatabase=${at('index')}\nnew_certs_dir=${dir}\nrand_serial=yes\npolicy=p\n` +
        'default_md=sha256\nunique_subject=no\nemail_in_dn=yes\npreserve=yes\n' +
        '[p]\ncountryName=optional\nstateOrProvinceName=optional\nlocalityName=optional\norganizationName=optional\n' +
        `organizationalUnitName=optional\ncommonName=optional\n[ext]\n${extensions}\n`,
    )
    await writeFile(at('index'), '')
    const span = [...(from ? ['-startdate', from] : []), ...(to ? ['-enddate', to] : ['-days', '365'])]
    const files = ['-keyfile', at('cakey'), '-in', at('csr'), '-out', at('cert'), '-extensions', 'ext', '-notext']
    await openssl('ca', '-batch', '-config', at('ca.cnf'), ...by, ...files, ...span)
    return { certificate: new X509Certificate(await readFile(at('cert'))), key: privateKey }
  } finally {
    await rm(dir, { recursive: true })
  }
}

const hashOfCurve: Record<string, string> = { prime256v1: 'sha256', secp384r1: 'sha384' }
const algorithmOfCurve: Record<string, [jws: string, cose: number]> = {
  prime256v1: ['ES256', -7],
  secp384r1: ['ES384', -35],
}
const raw = (data: Buffer, key: KeyObject): Buffer =>
  sign(hashOfCurve[key.asymmetricKeyDetails!.namedCurve!], data, { key, dsaEncoding: 'ieee-p1363' })

const scheme = 'io.cncf.notary.signingScheme'
const payloadType = 'application/vnd.cncf.notary.payload.v1+json'
const targetOf = (subject: Pushed['descriptor']) => Buffer.from(JSON.stringify({ targetArtifact: subject }))

/** Members of the protected header that a test wants otherwise. */
type Header = Record<string, unknown>

/** A signature in notation's form of JWS. `chain`: the signer first. */
export function notationJws(subject: Pushed['descriptor'], chain: Issued[], header: Header = {}): SignedLayer {
  const { key } = chain[0]!
  const [alg] = algorithmOfCurve[key.asymmetricKeyDetails!.namedCurve!]!
  const text = JSON.stringify({
    alg,
    cty: payloadType,
    crit: [scheme],
    [scheme]: 'notary.x509',
    'io.cncf.notary.signingTime': new Date().toISOString(),
    ...header,
  })
  const head = Buffer.from(text).toString('base64url')
  const payload = targetOf(subject).toString('base64url')
  const signature = raw(Buffer.from(`${head}.${payload}`), key).toString('base64url')
  const x5c = chain.map(({ certificate }) => certificate.raw.toString('base64'))
  return {
    mediaType: 'application/jose+json',
    bytes: Buffer.from(JSON.stringify({ payload, protected: head, header: { x5c }, signature })),
  }
}

/** The same as COSE. */
export function notationCose(
  subject: Pushed['descriptor'],
  chain: Issued[],
  more: [unknown, unknown][] = [],
): SignedLayer {
  const { key } = chain[0]!
  const [, alg] = algorithmOfCurve[key.asymmetricKeyDetails!.namedCurve!]!
  const head = encode(
    new Map<unknown, unknown>([[1, alg], [2, [scheme]], [3, payloadType], [scheme, 'notary.x509'], ...more]),
  )
  const payload = targetOf(subject)
  const signed = encode(['Signature1', head, new Uint8Array(0), payload])
  const open = new Map<unknown, unknown>([[33, chain.map(({ certificate }) => new Uint8Array(certificate.raw))]])
  const parts = [head, open, new Uint8Array(payload), new Uint8Array(raw(Buffer.from(signed), key))]
  // 0xd2 is the tag of COSE_Sign1, 18.
  return { mediaType: 'application/cose', bytes: Buffer.concat([Buffer.from([0xd2]), encode(parts)]) }
}

/** The artifact type of notation's signatures. */
export const notationType = 'application/vnd.cncf.notary.signature'

/** Signatures by accounts, made by real cosign: ../fixtures/README.md says how. Each is then changed in one place. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { Digest } from '../../../../oci/digest.ts'
import { caExtensions, issue } from '../../../testing/signing.ts'
import { readSigner, SignerProblem } from '../signers/parse.ts'
import { readTrustedRoot } from '../signers/trusted-root.ts'
import { matchesWildcard } from '../signers/wildcard.ts'
import type { Check } from './check.ts'
import { checkBundle, checkSimpleSigning } from './cosign.ts'

const read = async (name: string): Promise<string> => readFile(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')
type Layer = { mediaType: string; digest: string; annotations?: Record<string, string> }
type Signed = { digest: Digest; signatures: { manifest: string }[]; blobs: Record<string, string> }
const signed = JSON.parse(await read('signed.json')) as Signed
const rootText = await read('trusted-root.json')

const layers = signed.signatures.flatMap(({ manifest }) => (JSON.parse(manifest) as { layers: Layer[] }).layers)
const bytesOf = ({ digest }: Layer) => Buffer.from(signed.blobs[digest]!, 'base64')
const simple = layers.find(
  ({ mediaType, annotations }) =>
    mediaType.includes('simplesigning') && annotations?.['dev.sigstore.cosign/certificate'],
)!
const bundle = layers.find(
  (layer) =>
    layer.mediaType.includes('sigstore.bundle') &&
    /"certificate"/.test(bytesOf(layer).toString()) &&
    Buffer.from(/"payload":"([^"]+)"/.exec(bytesOf(layer).toString())![1]!, 'base64').includes('cosign/sign/v1'),
)!

type Wish = { issuer?: string; subject?: string; root?: string }
const trusting = ({
  issuer = 'https://accounts.example.com',
  subject = 'builder@example.com',
  root = rootText,
}: Wish) => {
  const known = readTrustedRoot('mock', JSON.parse(root) as object)
  return readSigner('ci', { kind: 'keyless', issuer, subject, trustRoot: 'mock' }, () => known)
}
type Change = { bytes?: Buffer; annotations?: Record<string, string> }
const run = (
  layer: Layer,
  wish: Wish = {},
  { bytes = bytesOf(layer), annotations = {} }: Change = {},
): Promise<Check> =>
  (layer === simple ? checkSimpleSigning : checkBundle)(
    {
      subject: signed.digest,
      mediaType: layer.mediaType,
      bytes,
      annotations: { ...layer.annotations, ...annotations },
    },
    { signers: [trusting(wish)], now: new Date() },
  )

test('an account is told by its certificate, of issuer and subject that the project names', async () => {
  for (const layer of [simple, bundle]) {
    const good = await run(layer)
    assert.deepEqual(
      [good.isVerified, good.reason, good.signer, good.identity, good.issuer],
      [true, '', 'ci', 'builder@example.com', 'https://accounts.example.com'],
    )
    assert.match(good.signedAt!, /^2026-11-30T/)
    assert.equal((await run(layer, { subject: '*@example.com' })).isVerified, true)
    for (const wish of [
      { subject: 'builder@example.org' },
      { subject: 'builder' },
      { subject: '*@example.comx' },
      { issuer: 'https://accounts.example.co' },
      { issuer: 'https://*.example.org' },
    ]) {
      const { isVerified, reason } = await run(layer, wish)
      assert.equal(isVerified, false)
      assert.match(reason, /it is of builder@example\.com, for whom https:\/\/accounts\.example\.com vouches/)
    }
  }
})

test('another authority, another log of either kind, or one that was not valid then is refused', async () => {
  const { certificate } = await issue({ subject: '/O=sigstore.mock/CN=sigstore', extensions: caExtensions })
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' })
  type Root = {
    tlogs: { publicKey: { rawBytes: string; validFor: { start: string; end?: string } }; logId: { keyId: string } }[]
    ctlogs: Root['tlogs']
    certificateAuthorities: {
      certChain: { certificates: { rawBytes: string }[] }
      validFor: { start: string; end?: string }
    }[]
  }
  const changes: ((root: Root) => void)[] = [
    (root) =>
      (root.certificateAuthorities[0]!.certChain.certificates = [{ rawBytes: certificate.raw.toString('base64') }]),
    (root) => (root.certificateAuthorities[0]!.validFor.end = '2026-02-01T00:00:00Z'),
    (root) => (root.tlogs[0]!.publicKey.rawBytes = other.toString('base64')),
    (root) => (root.tlogs[0]!.publicKey.validFor.end = '2026-02-01T00:00:00Z'),
    (root) => (root.tlogs[0]!.logId.keyId = Buffer.alloc(32).toString('base64')),
    (root) => (root.ctlogs[0]!.publicKey.rawBytes = other.toString('base64')),
    (root) => (root.ctlogs[0]!.logId.keyId = Buffer.alloc(32).toString('base64')),
  ]
  for (const [index, change] of changes.entries()) {
    const root = JSON.parse(rootText) as Root
    change(root)
    for (const layer of [simple, bundle]) {
      const { isVerified, reason } = await run(layer, { root: JSON.stringify(root) })
      assert.equal(isVerified, false, `change ${index} of ${layer.mediaType}`)
      assert.match(reason, /^mock: ./)
    }
  }
})

test('an entry of the log that was changed, is of another signature, or is missing is refused', async () => {
  const name = 'dev.sigstore.cosign/bundle'
  type Rekor = {
    SignedEntryTimestamp: string
    Payload: Record<'body' | 'integratedTime' | 'logIndex' | 'logID', unknown>
  }
  const rekorOf = (change: (rekor: Rekor) => void) => {
    const rekor = JSON.parse(simple.annotations![name]!) as Rekor
    change(rekor)
    return { annotations: { [name]: JSON.stringify(rekor) } }
  }
  const changed: Change[] = [
    rekorOf((rekor) => (rekor.SignedEntryTimestamp = Buffer.alloc(70, 1).toString('base64'))),
    rekorOf((rekor) => (rekor.Payload.integratedTime = Number(rekor.Payload.integratedTime) + 1)),
    rekorOf((rekor) => (rekor.Payload.logIndex = 1)),
    rekorOf((rekor) => (rekor.Payload.logID = '00'.repeat(32))),
    rekorOf((rekor) => (rekor.Payload.body = Buffer.from('{"kind":"hashedrekord"}').toString('base64'))),
    { annotations: { [name]: '' } },
    { annotations: { [name]: '{}' } },
    { annotations: { 'dev.sigstore.cosign/certificate': 'x' } },
    { annotations: { 'dev.cosignproject.cosign/signature': Buffer.alloc(70, 1).toString('base64') } },
  ]
  for (const [index, change] of changed.entries())
    assert.equal((await run(simple, {}, change)).isVerified, false, `${index}`)

  type Entry = {
    inclusionPromise?: object
    integratedTime: string
    inclusionProof: { hashes: string[]; checkpoint: { envelope: string } }
  }
  type Bundle = {
    verificationMaterial: { tlogEntries: Entry[] }
    dsseEnvelope: { signatures: { sig: string }[]; payload: string }
  }
  const changes: ((value: Bundle) => void)[] = [
    (value) => (value.verificationMaterial.tlogEntries = []),
    // Without the promise no time is proven, and the certificate has expired since.
    (value) => delete value.verificationMaterial.tlogEntries[0]!.inclusionPromise,
    (value) => (value.verificationMaterial.tlogEntries[0]!.integratedTime = '1'),
    (value) =>
      (value.verificationMaterial.tlogEntries[0]!.inclusionProof.hashes = [Buffer.alloc(32).toString('base64')]),
    (value) => (value.verificationMaterial.tlogEntries[0]!.inclusionProof.checkpoint.envelope = 'x\n\n'),
    (value) => value.verificationMaterial.tlogEntries.push(value.verificationMaterial.tlogEntries[0]!),
    (value) => (value.dsseEnvelope.signatures[0]!.sig = Buffer.alloc(70, 1).toString('base64')),
    (value) => (value.dsseEnvelope.payload = Buffer.from('{}').toString('base64')),
  ]
  for (const [index, change] of changes.entries()) {
    const value = JSON.parse(bytesOf(bundle).toString()) as Bundle
    change(value)
    const check = await run(bundle, {}, { bytes: Buffer.from(JSON.stringify(value)) })
    assert.equal(check.isVerified, false, `change ${index} of the bundle`)
    assert.ok(check.reason.length > 0)
  }
})

test('a pattern is matched whole, and stars stand for anything', () => {
  const yes = ['a', '*', 'a*', '*c', 'a*c', 'a*b*c', '**', 'abc*', '*abc']
  for (const pattern of yes) assert.equal(matchesWildcard(pattern, pattern === 'a' ? 'a' : 'abc'), true, pattern)
  for (const pattern of ['', 'ab', 'b*', '*b', 'abc*c', 'a*bc*c', 'A*'])
    assert.equal(matchesWildcard(pattern, 'abc'), false, pattern)
  assert.equal(matchesWildcard(`${'*a'.repeat(400)}*`, 'a'.repeat(399)), false)
  assert.throws(() => trusting({ issuer: '*' }), SignerProblem)
  assert.throws(() => trusting({ subject: '' }), SignerProblem)
})

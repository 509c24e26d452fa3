/** Signatures by real cosign 3 and 2, with keys and with accounts: ../fixtures/README.md says how they were made. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { digestOf, type Digest } from '../../../../oci/digest.ts'
import { caExtensions, issue } from '../../../testing/signing.ts'
import { readSigner } from '../signers/parse.ts'
import type { Signer } from '../signers/signer.ts'
import { readTrustedRoot } from '../signers/trusted-root.ts'
import type { Check } from './check.ts'
import { checkAttestation, checkBundle, checkSimpleSigning } from './cosign.ts'

const read = async (name: string): Promise<string> => readFile(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')
type Layer = { mediaType: string; digest: string; annotations?: Record<string, string> }
type Signed = { digest: Digest; signatures: { manifest: string }[]; blobs: Record<string, string> }
const byKeys = JSON.parse(await read('cosign.json')) as Signed & { publicKeys: Record<string, string> }
const byAccounts = JSON.parse(await read('keyless.json')) as Signed
const rootText = await read('trusted-root-rekor2.json')

const bundlesOf = ({ signatures, blobs }: Signed): Buffer[] =>
  signatures.map(({ manifest }) => {
    const { digest } = (JSON.parse(manifest) as { layers: [Layer] }).layers[0]
    return Buffer.from(blobs[digest]!, 'base64')
  })
const mediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json'
const run = (bytes: Buffer, signers: Signer[], subject = byKeys.digest): Promise<Check> =>
  checkBundle({ subject, mediaType, bytes, annotations: {} }, { signers, now: new Date('2026-12-01T00:00:00Z') })
const summary = ({ isVerified, signer, says, predicateType }: Check) =>
  [says, ...(predicateType ? [predicateType] : []), isVerified ? signer : 'no'].join(' ')

const other = digestOf(Buffer.from('another image'))
const keySigners = Object.entries(byKeys.publicKeys).map(([name, publicKey]) =>
  readSigner(name, { kind: 'key', publicKey }, () => undefined),
)

test('cosign 3: bundles by keys of each kind, with and without a log, are verified by their own key', async () => {
  const bundles = bundlesOf(byKeys)
  const checks = await Promise.all(bundles.map((bytes) => run(bytes, keySigners)))
  assert.deepEqual(checks.map(summary), [
    'signature release',
    'signature p384',
    'signature p521',
    'signature rsa2048',
    'signature ed25519',
    'attestation https://spdx.dev/Document release',
    'attestation https://cyclonedx.org/bom release',
    'signature release',
  ])
  for (const [index, bytes] of bundles.entries()) {
    const strangers = keySigners.filter(({ name }) => name !== checks[index]!.signer)
    assert.match((await run(bytes, strangers)).reason, /^it is not signed with a key that the project trusts$/)
    assert.match((await run(bytes, keySigners, other)).reason, /^its statement is about another artifact$/)
    const value = JSON.parse(bytes.toString()) as { dsseEnvelope: { signatures: [{ sig: string }] } }
    const signature = Buffer.from(value.dsseEnvelope.signatures[0].sig, 'base64')
    signature[signature.length - 1]! ^= 1
    value.dsseEnvelope.signatures[0].sig = signature.toString('base64')
    assert.equal((await run(Buffer.from(JSON.stringify(value)), keySigners)).isVerified, false)
  }
})

type Wish = { issuer?: string; subject?: string; root?: string }
const trusting = ({
  issuer = 'http://accounts.example.com',
  subject = 'builder@example.com',
  root = rootText,
}: Wish = {}) => {
  const known = readTrustedRoot('example', JSON.parse(root) as object)
  return [readSigner('ci', { kind: 'keyless', issuer, subject, trustRoot: 'example' }, () => known)]
}
const [builder, job, attested, unlogged] = bundlesOf(byAccounts) as [Buffer, Buffer, Buffer, Buffer]

test('Fulcio, Rekor 2 and a timestamp authority: an account is verified, and the time told', async () => {
  for (const [bytes, wish, identity] of [
    [builder, {}, 'builder@example.com'],
    [builder, { issuer: 'http://*.example.com', subject: '*@example.com' }, 'builder@example.com'],
    [attested, {}, 'builder@example.com'],
    [
      job,
      { issuer: 'http://ci.example.com', subject: 'http://ci.example.com/team/*' },
      'http://ci.example.com/team/app/main',
    ],
  ] as const) {
    const check = await run(bytes, trusting(wish))
    assert.deepEqual([check.isVerified, check.reason, check.identity], [true, '', identity])
    assert.match(check.signedAt!, /^2026-11-30T20:01:/)
  }
  assert.equal(summary(await run(attested, trusting())), 'attestation https://cyclonedx.org/bom ci')
})

test('Fulcio, Rekor 2: another issuer, subject or artifact, and a missing entry of the log are refused', async () => {
  const cases: [Buffer, Wish, RegExp][] = [
    [builder, { subject: 'builder@example.org' }, /^it is of builder@example\.com, for whom .* trusts others$/],
    [builder, { issuer: 'http://accounts.example.org' }, /for whom http:\/\/accounts\.example\.com vouches/],
    [job, {}, /^it is of http:\/\/ci\.example\.com\/team\/app\/main, for whom http:\/\/ci\.example\.com vouches/],
    [unlogged, {}, /^example: expected 1 tlog entries, got 0$/],
  ]
  for (const [bytes, wish, words] of cases) {
    const { isVerified, reason } = await run(bytes, trusting(wish))
    assert.equal(isVerified, false)
    assert.match(reason, words)
  }
  assert.match((await run(builder, trusting(), other)).reason, /^its statement is about another artifact$/)
  assert.equal((await run(builder, keySigners)).isVerified, false)
})

test('cosign 2: a time by an authority is enough without a log, unless the root names one', async () => {
  const kept = JSON.parse(await read('timestamped.json')) as Signed
  const layers = kept.signatures.flatMap(({ manifest }) => (JSON.parse(manifest) as { layers: Layer[] }).layers)
  const noLog = JSON.stringify({ ...(JSON.parse(rootText) as object), tlogs: [] })
  const [attestation, signature, byEd25519, byP384] = layers.map((layer) => async (signers: Signer[]) => {
    const how = layer.mediaType.includes('simplesigning') ? checkSimpleSigning : checkAttestation
    const { annotations = {} } = layer
    const bytes = Buffer.from(kept.blobs[layer.digest]!, 'base64')
    return how({ subject: kept.digest, mediaType: layer.mediaType, bytes, annotations }, { signers, now: new Date() })
  })
  const good = await signature!(trusting({ root: noLog }))
  assert.deepEqual([good.isVerified, good.reason, good.identity], [true, '', 'builder@example.com'])
  assert.match(good.signedAt!, /^2026-11-30T20:21:/)
  assert.equal((await signature!(trusting())).reason, 'example: expected 1 tlog entries, got 0')
  // The time of an attestation is that of its whole envelope.
  const refused = await attestation!(trusting({ root: noLog }))
  assert.deepEqual([refused.isVerified, refused.reason], [false, 'it has no entry of a transparency log'])
  assert.equal((await byEd25519!(keySigners)).signer, 'ed25519')
  assert.equal((await byP384!(keySigners)).signer, 'p384')
})

test('Rekor 1: bundles of cosign 3 and annotations of cosign 2 are verified by its promise', async () => {
  const kept = JSON.parse(await read('rekor1.json')) as Signed
  const root = await read('trusted-root-rekor1.json')
  const layers = kept.signatures.flatMap(({ manifest }) => (JSON.parse(manifest) as { layers: Layer[] }).layers)
  const checkAll = (signers: Signer[]) =>
    Promise.all(
      layers.map(async ({ mediaType: type, digest, annotations = {} }) => {
        const older = type.includes('simplesigning') ? checkSimpleSigning : checkAttestation
        const bytes = Buffer.from(kept.blobs[digest]!, 'base64')
        const sealed = { subject: kept.digest, mediaType: type, bytes, annotations }
        return (type === mediaType ? checkBundle : older)(sealed, { signers, now: new Date('2026-12-01T00:00:00Z') })
      }),
    )
  const checks = await checkAll(trusting({ root }))
  const attested = 'attestation https://cyclonedx.org/bom ci'
  assert.deepEqual(checks.map(summary).toSorted(), [attested, attested, 'signature ci', 'signature ci'])
  for (const { signedAt, identity } of checks) {
    assert.equal(identity, 'builder@example.com')
    assert.match(signedAt!, /^2026-11-30T20:38:/)
  }
  for (const { isVerified, reason } of await checkAll(trusting())) {
    assert.equal(isVerified, false)
    assert.match(reason, /^example: ./)
  }
})

type Bundle = {
  verificationMaterial: {
    certificate?: object
    x509CertificateChain?: object
    tlogEntries: {
      inclusionProof: { logIndex: string; hashes: string[]; rootHash: string; checkpoint: { envelope: string } }
      canonicalizedBody: string
    }[]
    timestampVerificationData?: { rfc3161Timestamps: { signedTimestamp: string }[] }
  }
}
const parse = (bytes: Buffer) => JSON.parse(bytes.toString()) as Bundle

test('Fulcio, Rekor 2: a bundle that was changed, or has parts of another, is refused with a reason', async () => {
  const [otherEntry] = parse(job).verificationMaterial.tlogEntries
  const otherTimes = parse(job).verificationMaterial.timestampVerificationData
  const changes: [RegExp, (material: Bundle['verificationMaterial']) => void][] = [
    [/expected 1 timestamps, got 0/, (material) => delete material.timestampVerificationData],
    [/timestamp could not be verified/, (material) => (material.timestampVerificationData = otherTimes!)],
    [/expected 1 tlog entries, got 0/, (material) => (material.tlogEntries = [])],
    [/signature mismatch|digest mismatch/, (material) => (material.tlogEntries = [otherEntry!])],
    [
      /^it is signed with a certificate of its own chain/,
      (material) => {
        material.x509CertificateChain = { certificates: [material.certificate] }
        delete material.certificate
      },
    ],
    [/^its bundle is not as Sigstore defines it: ./, (material) => delete material.certificate],
    [/duplicate tlog entry/, (material) => material.tlogEntries.push(material.tlogEntries[0]!)],
    [/./, ({ tlogEntries: [entry] }) => (entry!.inclusionProof.logIndex = '0')],
    [/./, ({ tlogEntries: [entry] }) => (entry!.inclusionProof.hashes = [Buffer.alloc(32).toString('base64')])],
    [/./, ({ tlogEntries: [entry] }) => (entry!.canonicalizedBody = otherEntry!.canonicalizedBody)],
    [
      /invalid checkpoint signature/,
      ({ tlogEntries: [{ inclusionProof: { checkpoint } } = otherEntry!] }) =>
        (checkpoint.envelope = checkpoint.envelope.replace('rekor.example.com\n', 'rekor.example.org\n')),
    ],
  ]
  for (const [words, change] of changes) {
    const value = parse(builder)
    change(value.verificationMaterial)
    const { isVerified, reason } = await run(Buffer.from(JSON.stringify(value)), trusting())
    assert.equal(isVerified, false)
    assert.match(reason, words)
  }
})

test('Fulcio, Rekor 2: another root, log, log of certificates or timestamp authority is refused', async () => {
  const { certificate } = await issue({ subject: '/O=example.com/CN=Example root', extensions: caExtensions })
  const stranger = certificate.raw.toString('base64')
  const key = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' })
  type Authority = { certChain: { certificates: { rawBytes: string }[] }; validFor: { start: string; end?: string } }
  type Log = { publicKey: { rawBytes: string; validFor: { end?: string } }; logId: { keyId: string } }
  type Root = Record<'tlogs' | 'ctlogs', [Log]> & Record<'certificateAuthorities' | 'timestampAuthorities', [Authority]>
  const changes: ((root: Root) => void)[] = [
    ({ certificateAuthorities: [authority] }) => (authority.certChain.certificates = [{ rawBytes: stranger }]),
    ({ certificateAuthorities: [authority] }) => (authority.validFor.end = '2026-11-02T00:00:00Z'),
    ({ timestampAuthorities: [authority] }) => (authority.certChain.certificates[1]!.rawBytes = stranger),
    ({ timestampAuthorities: [authority] }) => (authority.validFor.end = '2026-11-02T00:00:00Z'),
    ({ tlogs: [log] }) => (log.publicKey.rawBytes = key),
    ({ tlogs: [log] }) => (log.logId.keyId = Buffer.alloc(32).toString('base64')),
    ({ ctlogs: [log] }) => (log.publicKey.rawBytes = curve.toString('base64')),
    ({ ctlogs: [log] }) => (log.logId.keyId = Buffer.alloc(32).toString('base64')),
    ({ ctlogs: [log] }) => (log.publicKey.validFor.end = '2026-11-02T00:00:00Z'),
  ]
  for (const [index, change] of changes.entries()) {
    const root = JSON.parse(rootText) as Root
    change(root)
    const { isVerified, reason } = await run(builder, trusting({ root: JSON.stringify(root) }))
    assert.equal(isVerified, false, `change ${index}`)
    assert.match(reason, /^example: ./)
  }
})

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { before, test } from 'node:test'
import { digestOf } from '../../../../oci/digest.ts'
import { ociManifest } from '../../../../oci/media-type.ts'
import { caExtensions, issue, notationCose, notationJws, signerExtensions } from '../../../testing/signing.ts'
import type { Issued, SignedLayer } from '../../../testing/signing.ts'
import { readIdentity, readSigner, SignerProblem } from '../signers/parse.ts'
import type { Signer } from '../signers/signer.ts'
import type { Check } from './check.ts'
import { checkNotation } from './notation.ts'

const descriptorOf = (text: string) => ({
  mediaType: ociManifest,
  digest: digestOf(Buffer.from(text)),
  size: text.length,
})
const subject = descriptorOf('image')

let root: Issued
let middle: Issued
let leaf: Issued
before(async () => {
  root = await issue({ subject: '/C=DE/O=Example/CN=root', extensions: caExtensions })
  middle = await issue({
    subject: '/C=DE/O=Example/CN=middle',
    issuer: root,
    extensions: caExtensions.replace('CA:true', 'CA:true,pathlen:0'),
  })
  leaf = await issue({ subject: '/C=DE/O=Example/OU=builds/CN=builder', issuer: middle })
})

const trusting = (certificates: Issued[], identities = ['*'], name = 'builds'): Signer =>
  readSigner(
    name,
    { kind: 'certificate', certificates: certificates.map((one) => one.certificate.toString()).join(''), identities },
    () => undefined,
  )
const run = (layer: Pick<SignedLayer, 'mediaType' | 'bytes'>, signers: Signer[], now = new Date()): Promise<Check> =>
  checkNotation({ subject: subject.digest, annotations: {}, ...layer }, { signers, now })

const forms = { JWS: notationJws, COSE: notationCose }
for (const [name, make] of Object.entries(forms)) {
  test(`${name}: a chain to a trusted certificate is verified, root included or not`, async () => {
    const signers = [trusting([root])]
    const first = Math.min(...[root, middle, leaf].map(({ certificate }) => certificate.validToDate.getTime()))
    for (const chain of [
      [leaf, middle, root],
      [leaf, middle],
    ]) {
      const check = await run(make(subject, chain), signers)
      assert.deepEqual([check.isVerified, check.reason, check.signer], [true, '', 'builds'])
      assert.equal(check.identity, 'C=DE, O=Example, OU=builds, CN=builder')
      assert.equal(check.until, new Date(first).toISOString())
    }
    assert.equal((await run(make(subject, [leaf, middle, root]), [trusting([middle])])).isVerified, true)
    assert.equal((await run(make(subject, [leaf]), [trusting([leaf])])).isVerified, true)
  })

  test(`${name}: another artifact, another issuer or another name is refused, each with its reason`, async () => {
    const stranger = await issue({ subject: '/C=DE/O=Example/CN=root', extensions: caExtensions })
    const cases: [SignedLayer, Signer[], RegExp][] = [
      [make(descriptorOf('other'), [leaf, middle, root]), [trusting([root])], /signs another artifact/],
      [make(subject, [leaf, middle, root]), [trusting([stranger])], /not below one that the project trusts/],
      [make(subject, [leaf, middle, root]), [], /trusts no issuer/],
      [
        make(subject, [leaf, middle, root]),
        [trusting([root], ['x509.subject: C=DE, O=Other'])],
        /whom builds does not name/,
      ],
      [make(subject, [leaf, root]), [trusting([root])], /not issued by/],
      [make(subject, [root]), [trusting([root])], /for issuing others/],
    ]
    for (const [layer, signers, words] of cases) {
      const { isVerified, reason } = await run(layer, signers)
      assert.equal(isVerified, false)
      assert.match(reason, words)
    }
  })

  test(`${name}: noise, and every cut or flipped byte, is refused without a crash`, async () => {
    const layer = make(subject, [leaf, middle, root])
    const signers = [trusting([root])]
    const step = Math.ceil(layer.bytes.length / 60)
    for (let at = 0; at < layer.bytes.length; at += step) {
      const flipped = Buffer.from(layer.bytes)
      flipped[at]! ^= 0x41
      for (const bytes of [layer.bytes.subarray(0, at), flipped]) {
        const check = await run({ ...layer, bytes }, signers)
        // Flipped bits of padding, or of what is not signed, may leave the signature whole: never the other way round.
        if (check.isVerified) assert.equal(bytes.length, layer.bytes.length)
        else assert.ok(check.reason.length > 0 && check.reason.length <= 300)
      }
    }
    for (let size = 0; size < 64; size++)
      assert.equal((await run({ ...layer, bytes: randomBytes(size) }, signers)).isVerified, false)
  })
}

test('identities are those of the trust policy of notation', async () => {
  const layer = notationJws(subject, [leaf, middle, root])
  const named = async (...identities: string[]) => (await run(layer, [trusting([root], identities)])).isVerified
  assert.equal(await named('x509.subject: C=DE, O=Example'), true)
  assert.equal(await named('x509.subject: O=Example,OU=builds, CN=builder'), true)
  assert.equal(await named('x509.subject: C=DE, O=Nobody', 'x509.subject: C=DE, OU=builds'), true)
  assert.equal(await named('x509.subject: C=DE, O=Example, L=Berlin'), false)
  assert.deepEqual(readIdentity('x509.subject: C=DE, O=Example\\, Inc.'), [
    ['C', 'DE'],
    ['O', 'Example, Inc.'],
  ])
  for (const wrong of ['', 'C=DE', 'x509.subject:', 'x509.subject: C', 'x509.subject: C=', 'x509.subject: C=DE, C=FR'])
    assert.throws(() => readIdentity(wrong), SignerProblem, wrong)
})

test('a chain is refused that is expired, not yet valid, too long, or not for signing', async () => {
  const of = (more: Omit<Parameters<typeof issue>[0], 'subject'>) =>
    issue({ subject: '/O=Example/CN=x', issuer: root, ...more })
  const [expired, future] = [
    await of({ from: '20200101000000Z', to: '20210101000000Z' }),
    await of({ from: '20990101000000Z', to: '20991231000000Z' }),
  ]
  const [email, noSignature, below] = [
    await of({ extensions: signerExtensions.replace('codeSigning', 'emailProtection') }),
    await of({ extensions: signerExtensions.replace('digitalSignature', 'keyAgreement') }),
    await issue({ subject: '/CN=below', issuer: middle, extensions: caExtensions }),
  ]
  const tooDeep = await issue({ subject: '/CN=deep', issuer: below })
  const cases: [Issued[], RegExp][] = [
    [[expired, root], /has expired/],
    [[future, root], /is valid from 2099/],
    [[email, root], /not for signing code/],
    [[noSignature, root], /not for signatures/],
    [[tooDeep, below, middle, root], /longer than .*middle allows/],
    [[leaf, leaf, middle, root], /not issued by/],
    [Array.from({ length: 11 }, () => leaf), /more than 10 certificates/],
  ]
  for (const [chain, words] of cases) {
    const check = await run(notationJws(subject, chain), [trusting([root])])
    assert.equal(check.isVerified, false)
    assert.match(check.reason, words)
  }
  const later = await run(notationJws(subject, [future, root]), [trusting([root])])
  assert.equal(later.until, '2099-01-01T00:00:00.000Z')
})

test('headers that Marina does not understand, and an expired signature, are refused', async () => {
  const chain = [leaf, middle, root]
  const scheme = 'io.cncf.notary.signingScheme'
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ 'io.cncf.notary.expiry': '2020-01-01T00:00:00Z' }, /has expired at 2020/],
    [{ 'io.cncf.notary.expiry': 'soon' }, /times cannot be read/],
    [{ crit: [scheme, 'io.cncf.notary.verificationPlugin'] }, /does not check: "io\.cncf\.notary\.verificationPlugin"/],
    [{ [scheme]: 'notary.x509.signingAuthority' }, /signing scheme is not known/],
    [{ cty: 'text/plain' }, /not that of a signature by notation/],
    [{ alg: 'none' }, /algorithm is none/],
    [{ alg: 'HS256' }, /needs ES256/],
  ]
  for (const [header, words] of cases) {
    const { isVerified, reason } = await run(notationJws(subject, chain, header), [trusting([root])])
    assert.equal(isVerified, false)
    assert.match(reason, words)
  }
  const soon = new Date(Math.floor(Date.now() / 1000) * 1000 + 3600_000)
  const kept = notationJws(subject, chain, { 'io.cncf.notary.expiry': soon.toISOString() })
  assert.equal((await run(kept, [trusting([root])])).until, soon.toISOString())
  assert.equal((await run(kept, [trusting([root])], soon)).isVerified, false)
  const p384 = await issue({ subject: '/CN=p384', issuer: root, curve: 'P-384' })
  assert.equal((await run(notationJws(subject, [p384, root]), [trusting([root])])).isVerified, true)
})

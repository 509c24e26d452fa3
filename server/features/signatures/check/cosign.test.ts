import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '../../../../oci/digest.ts'
import { attestation, keyBundle, keyPairs, pemOf, simpleSigning, type SignedLayer } from '../../../testing/signing.ts'
import { readSigner, SignerProblem } from '../signers/parse.ts'
import type { Signer } from '../signers/signer.ts'
import type { Check } from './check.ts'
import { checkAttestation, checkBundle, checkSimpleSigning } from './cosign.ts'

const subject = digestOf(Buffer.from('image'))
const other = digestOf(Buffer.from('another image'))
const signerOf = (name: string, publicKey: string): Signer =>
  readSigner(name, { kind: 'key', publicKey }, () => undefined)
const provenance = 'https://slsa.dev/provenance/v1'

const forms = {
  'simple signing': { make: simpleSigning, check: checkSimpleSigning, says: 'signature' },
  'a bundle': { make: keyBundle, check: checkBundle, says: 'signature' },
  'an attestation': {
    make: (about: string, keys: Parameters<typeof attestation>[2]) => attestation(about, provenance, keys),
    check: checkAttestation,
    says: 'attestation',
  },
} as const
type Form = (typeof forms)[keyof typeof forms]

const run = ({ check }: Form, { mediaType, bytes, annotations = {} }: SignedLayer, signers: Signer[]): Promise<Check> =>
  check({ subject, mediaType, bytes, annotations }, { signers, now: new Date() })

for (const [name, form] of Object.entries(forms)) {
  for (const [kind, generate] of Object.entries(keyPairs)) {
    test(`${name} by a key of ${kind} is verified by that key alone, and only of its own artifact`, async () => {
      const [keys, others] = [generate(), generate()]
      const [signer, stranger] = [
        signerOf('release', pemOf(keys.publicKey)),
        signerOf('other', pemOf(others.publicKey)),
      ]
      const good = await run(form, form.make(subject, keys), [stranger, signer])
      assert.deepEqual([good.isVerified, good.reason, good.signer, good.says], [true, '', 'release', form.says])
      assert.match(good.identity!, /^key sha256:[0-9a-f]{64}$/)
      const [unknown, none, wrong] = [
        await run(form, form.make(subject, keys), [stranger]),
        await run(form, form.make(subject, keys), []),
        await run(form, form.make(other, keys), [signer]),
      ]
      assert.deepEqual(
        [unknown, none, wrong].map(({ isVerified, signer: by }) => [isVerified, by]),
        [
          [false, undefined],
          [false, undefined],
          [false, undefined],
        ],
      )
      assert.match(unknown.reason, /not signed with a key that the project trusts/)
      assert.match(none.reason, /the project trusts none/)
      assert.match(wrong.reason, /another artifact/)
    })
  }

  test(`${name} whose bytes or signature were changed is not verified`, async () => {
    const keys = keyPairs['P-256']()
    const layer = form.make(subject, keys)
    const signers = [signerOf('release', pemOf(keys.publicKey))]
    const text = layer.bytes.toString()
    const changes = [
      layer.bytes.subarray(0, layer.bytes.length - 2),
      Buffer.alloc(0),
      Buffer.from('[]'),
      Buffer.from('null'),
      Buffer.from('{}'),
      Buffer.from([0xff, 0xfe, 0x00]),
      Buffer.from('['.repeat(100_000)),
      Buffer.from(text.replace('{', '{"more":1,')),
      Buffer.from(text.replaceAll('"sig":"', '"sig":"AA')),
    ]
    for (const bytes of changes) {
      const isSame = name !== 'simple signing' && bytes.includes('"more"')
      const annotations = { ...layer.annotations }
      if (name === 'simple signing' && bytes.toString() === text)
        annotations['dev.cosignproject.cosign/signature'] = 'AAAA'
      const check = await run(form, { ...layer, bytes, annotations }, signers)
      // A member beside the envelope is not signed, and says nothing.
      assert.equal(check.isVerified, isSame, bytes.toString().slice(0, 80))
      if (!isSame) assert.ok(check.reason.length > 0 && check.reason.length <= 300)
    }
  })
}

test('an attestation in a bundle is one, whatever it says, and a signature is none', async () => {
  const keys = keyPairs['P-256']()
  const signers = [signerOf('release', pemOf(keys.publicKey))]
  const attested = await run(forms['a bundle'], keyBundle(subject, keys, provenance), signers)
  assert.deepEqual([attested.says, attested.predicateType, attested.isVerified], ['attestation', provenance, true])
  const strange = await run(forms['a bundle'], keyBundle(subject, keys, 'x\u0000\u001b[31my'), signers)
  assert.deepEqual([strange.says, strange.predicateType], ['attestation', 'x [31my'])
})

test('a signature of a certificate needs a signer of accounts, and one without a log is refused', async () => {
  const keys = keyPairs['P-256']()
  const layer = simpleSigning(subject, keys)
  const annotations = { ...layer.annotations, 'dev.sigstore.cosign/certificate': 'x' }
  const check = await run(forms['simple signing'], { ...layer, annotations }, [signerOf('a', pemOf(keys.publicKey))])
  assert.deepEqual([check.isVerified, check.signer], [false, undefined])
})

test('keys that are private, too short, of another kind, or no keys are refused with words', () => {
  const pair = keyPairs['P-256']()
  const wrong: [string, RegExp][] = [
    [pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, /private key/],
    ['hello', /no PEM/],
    ['-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n', /no PEM/],
  ]
  for (const [pem, words] of wrong)
    assert.throws(
      () => signerOf('x', pem),
      (error) => error instanceof SignerProblem && words.test(error.message),
    )
})

/** Signatures by the real command line of notation: ../fixtures/README.md says how they were made. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { digestOf, type Digest } from '../../../../oci/digest.ts'
import { readSigner } from '../signers/parse.ts'
import { checkNotation } from './notation.ts'

type Layer = { mediaType: string; digest: string }
type Signed = {
  digest: Digest
  signatures: { manifest: string }[]
  blobs: Record<string, string>
  root: string
  selfSigned: string
}
const read = async (name: string): Promise<string> => readFile(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')
const signed = JSON.parse(await read('notation.json')) as Signed
const layers = signed.signatures.map(({ manifest }) => (JSON.parse(manifest) as { layers: [Layer] }).layers[0])

type Wish = { now?: string; subject?: Digest; certificates?: string; identity?: string }
/** One line for each signature, sorted: its form, what it is verified for or why not. */
async function results({
  now = '2026-12-01T00:00:00Z',
  subject = signed.digest,
  certificates = signed.root + signed.selfSigned,
  identity = '*',
}: Wish = {}): Promise<string[]> {
  const signers = [readSigner('builds', { kind: 'certificate', certificates, identities: [identity] }, () => undefined)]
  const checks = await Promise.all(
    layers.map(async ({ mediaType, digest }) => {
      const bytes = Buffer.from(signed.blobs[digest]!, 'base64')
      const check = await checkNotation({ subject, mediaType, bytes, annotations: {} }, { signers, now: new Date(now) })
      assert.equal(check.isVerified, check.signer === 'builds')
      const form = mediaType.endsWith('cose') ? 'COSE' : 'JWS'
      return `${form} ${check.isVerified ? `yes ${check.identity} until ${check.until}` : `no ${check.reason}`}`
    }),
  )
  return checks.toSorted()
}

const isVerified = (line: string) => line.includes(' yes ')
const of = (name: string) => `C=DE, ST=Berlin, O=Example, CN=${name}`
const middleEnds = '2125-06-24T19:38:32.000Z'
const outsider = `no its certificate (${of('outsider')}) is not below one that the project trusts`

test('notation: JWS and COSE by keys of ECDSA and RSA are verified, by a chain or alone', async () => {
  assert.deepEqual(await results(), [
    'COSE no it has expired at 2026-11-30T20:48:42.000Z',
    `COSE ${outsider}`,
    `COSE yes ${of('leaf-P-384')} until ${middleEnds}`,
    `COSE yes ${of('leaf-P-521')} until ${middleEnds}`,
    `COSE yes ${of('leaf-rsa3072')} until ${middleEnds}`,
    `JWS yes ${of('leaf-P-256')} until ${middleEnds}`,
    `JWS yes ${of('leaf-P-384')} until ${middleEnds}`,
    `JWS yes ${of('leaf-rsa2048')} until ${middleEnds}`,
    `JWS yes ${of('leaf-rsa4096')} until ${middleEnds}`,
    'JWS yes C=US, ST=WA, L=Seattle, O=Notary, CN=selfsigned until 2026-12-01T19:44:32.000Z',
  ])
})

test('notation: a certificate or a signature that has expired, or is not valid yet, is refused', async () => {
  const soon = await results({ now: '2026-11-30T20:00:00Z' })
  assert.ok(soon.includes(`COSE yes ${of('leaf-P-256')} until 2026-11-30T20:48:42.000Z`))
  const later = await results({ now: '2026-12-02T00:00:00Z' })
  assert.equal(later.filter(isVerified).length, 7)
  assert.ok(later.some((one) => one.endsWith('CN=selfsigned has expired at 2026-12-01T19:44:32.000Z')))
  const before = await results({ now: '2026-11-29T00:00:00Z' })
  assert.equal(before.filter((one) => / no its certificate .* is valid from 2026-11-30T/.test(one)).length, 9)
  const never = await results({ now: '2126-01-01T00:00:00Z' })
  assert.deepEqual(never.filter(isVerified), [])
})

test('notation: another artifact, another authority and another identity are refused', async () => {
  const other = await results({ subject: digestOf(Buffer.from('another image')) })
  assert.equal(other.filter((one) => one.includes(' no it signs another artifact: sha256:')).length, 9)
  const alone = await results({ certificates: signed.selfSigned })
  assert.equal(alone.filter(isVerified).length, 1)
  assert.ok(alone.includes(`JWS no its certificate (${of('leaf-P-256')}) is not below one that the project trusts`))
  const named = await results({ identity: 'x509.subject: C=DE, ST=Berlin, O=Example, CN=leaf-P-384' })
  assert.equal(named.filter(isVerified).length, 2)
  assert.ok(named.includes(`JWS no its certificate is of ${of('leaf-P-256')}, whom builds does not name`))
})

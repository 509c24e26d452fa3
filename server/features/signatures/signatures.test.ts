import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { fresh, givenProject, pushImage, pushIndex } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { openScene } from '../../testing/scene.ts'
import {
  attestation,
  caExtensions,
  issue,
  keyBundle,
  keyPairs,
  notationCose,
  notationJws,
  notationType,
  pemOf,
  pushSignatures,
  signatureTag,
  simpleSigning,
} from '../../testing/signing.ts'

const { marina, rest, cast } = await openScene()
const { admin } = marina

type Shown = {
  digest: string
  subject: string
  tool: string
  kind: string
  predicate_type?: string
  verified: boolean
  reason: string
  signer?: string
}
const signaturesOf = async (app: string, reference: string, who = admin) => {
  const [project, name] = app.split('/')
  const path = `/projects/${project}/repositories/${name}/artifacts/${reference}/signatures`
  return expectAnswer(await rest('GET', path, who), 200).json() as Shown[]
}
const put = (project: string, name: string, body: unknown, who = admin) =>
  rest('PUT', `/projects/${project}/signers/${name}`, who, body)
const keyOf = (keys: ReturnType<(typeof keyPairs)['P-256']>) => ({ key: { public_key: pemOf(keys.publicKey) } })

test('an artifact shows all its signatures, in every form, with the signer or the reason', async () => {
  const app = `${cast.A.name}/${fresh('all')}`
  const [keys, stranger] = [keyPairs['P-256'](), keyPairs.Ed25519()]
  const root = await issue({ subject: '/C=DE/O=Example/CN=root', extensions: caExtensions })
  const leaf = await issue({ subject: '/C=DE/O=Example/CN=builder', issuer: root })
  expectAnswer(await put(cast.A.name, 'release', keyOf(keys), cast.uaA), 200)
  const certificate = { certificates: root.certificate.toString(), identities: ['x509.subject: C=DE, O=Example'] }
  expectAnswer(await put(cast.A.name, 'builds', { certificate }, cast.uaA), 200)
  const image = await pushImage(marina, app, { tag: 'v1' })
  const { descriptor: subject, digest } = image
  assert.deepEqual(await signaturesOf(app, 'v1', cast.guA), [])
  await pushSignatures(marina, app, [simpleSigning(digest, keys), simpleSigning(digest, stranger)], {
    tag: signatureTag(digest),
  })
  await pushSignatures(marina, app, [keyBundle(digest, keys)], { subject })
  await pushSignatures(marina, app, [attestation(digest, 'https://slsa.dev/provenance/v1', keys)], { subject })
  const chain = [leaf, root]
  await pushSignatures(marina, app, [notationJws(subject, chain)], { subject, artifactType: notationType })
  await pushSignatures(marina, app, [notationCose(subject, chain)], { subject, artifactType: notationType })
  const shown = await signaturesOf(app, 'v1', cast.guA)
  assert.deepEqual(
    shown.map(({ tool, kind, verified, signer }) => [tool, kind, verified, signer]),
    [
      ['cosign', 'signature', true, 'release'],
      ['cosign', 'signature', false, undefined],
      ['cosign', 'signature', true, 'release'],
      ['cosign', 'attestation', true, 'release'],
      ['notation', 'signature', true, 'builds'],
      ['notation', 'signature', true, 'builds'],
    ],
  )
  assert.match(shown[1]!.reason, /not signed with a key that the project trusts/)
  assert.equal(shown[3]!.predicate_type, 'https://slsa.dev/provenance/v1')
  assert.ok(shown.every((one) => one.subject === digest))

  // Kept with the signers that they were checked against, and not checked again.
  const kept = await marina.ground.db.rows<{ at: Date }>(sql`
    select checked_at as at from signature_check where subject_digest = ${digest} order by artifact_id`)
  assert.equal(kept.length, 5)
  assert.deepEqual(await signaturesOf(app, 'v1', cast.guA), shown)
  const again = await marina.ground.db.rows<{ at: Date }>(sql`
    select checked_at as at from signature_check where subject_digest = ${digest} order by artifact_id`)
  assert.deepEqual(again, kept)
  expectAnswer(await rest('DELETE', `/projects/${cast.A.name}/signers/release`, cast.uaA), 200)
  const after = await signaturesOf(app, 'v1')
  assert.deepEqual(
    after.map(({ verified }) => verified),
    [false, false, false, false, true, true],
  )
})

test('what an index is signed with is shown for its parts', async () => {
  const app = `${cast.A.name}/${fresh('parts')}`
  const part = await pushImage(marina, app)
  const index = await pushIndex(marina, app, [part], { tag: 'all' })
  const keys = keyPairs['P-256']()
  await pushSignatures(marina, app, [keyBundle(index.digest, keys)], { subject: index.descriptor })
  const [shown] = await signaturesOf(app, part.digest)
  assert.deepEqual([shown!.subject, shown!.tool], [index.digest, 'cosign'])
})

test('signers are saved, listed and deleted, each with a row in the audit log', async () => {
  const project = await givenProject(marina)
  const keys = keyPairs['P-384']()
  expectAnswer(await put(project.name, 'release', keyOf(keys)), 200)
  expectAnswer(await put(project.name, 'release', keyOf(keyPairs.RSA())), 200)
  const list = async () =>
    expectAnswer(await rest('GET', `/projects/${project.name}/signers`, admin), 200).json() as { name: string }[]
  assert.deepEqual(
    (await list()).map(({ name }) => name),
    ['release'],
  )
  expectAnswer(await rest('DELETE', `/projects/${project.name}/signers/release`, admin), 200)
  expectAnswer(await rest('DELETE', `/projects/${project.name}/signers/release`, admin), 404, 'NOT_FOUND')
  assert.deepEqual(await list(), [])
  await eventually(async () => {
    const logs = expectAnswer(await rest('GET', `/projects/${project.name}/auditlog-exts?page_size=100`, admin), 200)
    const rows = logs.json() as { operation: string; resource_type: string; resource: string }[]
    const ofSigner = rows.filter(({ resource_type: type }) => type === 'signer')
    assert.deepEqual(
      ofSigner.map(({ operation, resource }) => [operation, resource]),
      [
        ['delete', 'release'],
        ['update', 'release'],
        ['update', 'release'],
      ],
    )
  })
})

test('signers that cannot be used are refused with words, and change nothing', async () => {
  const project = await givenProject(marina)
  const keys = keyPairs['P-256']()
  const { certificate } = await issue({ subject: '/CN=root', extensions: caExtensions })
  const cases: [string, unknown, RegExp][] = [
    ['Release', keyOf(keys), /lower-case letters/],
    ['x', {}, /exactly one of/],
    ['x', { ...keyOf(keys), keyless: { issuer: 'a', subject: 'b', trust_root: 'c' } }, /exactly one of/],
    ['x', { key: { public_key: 'hello' } }, /no PEM/],
    ['x', { certificate: { certificates: 'hello', identities: ['*'] } }, /no certificate/],
    ['x', { certificate: { certificates: certificate.toString(), identities: ['CN=x'] } }, /must be \* or like/],
    ['x', { keyless: { issuer: 'https://a.example', subject: 'b', trust_root: 'nope' } }, /no trusted root nope/],
  ]
  for (const [name, body, words] of cases)
    assert.match(expectAnswer(await put(project.name, name, body), 400, 'BAD_REQUEST').text, words)
  assert.deepEqual(expectAnswer(await rest('GET', `/projects/${project.name}/signers`, admin), 200).json(), [])
  for (let count = 0; count < 50; count++) expectAnswer(await put(project.name, `k${count}`, keyOf(keys)), 200)
  expectAnswer(await put(project.name, 'k50', keyOf(keys)), 412, 'PRECONDITION')
  expectAnswer(await put(project.name, 'k49', keyOf(keys)), 200)
})

test('a refused pull is counted, and written to the audit log once for many', async () => {
  const project = await givenProject(marina)
  const app = `${project.name}/app`
  const image = await pushImage(marina, app, { tag: 'v1' })
  expectAnswer(await rest('PUT', `/projects/${project.name}`, admin, { metadata: { verify_signatures: 'true' } }), 200)
  for (let count = 0; count < 3; count++)
    expectAnswer(await marina.ask('GET', `/v2/${app}/manifests/v1`, { as: admin }), 412, 'PROJECTPOLICYVIOLATION')
  await eventually(async () => {
    const logs = expectAnswer(await rest('GET', `/projects/${project.name}/auditlog-exts?page_size=100`, admin), 200)
    const rows = logs.json() as { resource: string; operation_description: string; operation_result: boolean }[]
    const mine = rows.filter(({ resource }) => resource === `pull ${app}@${image.digest} without a signature`)
    assert.ok(mine.length > 0 && mine.every(({ operation_result: result }) => !result))
  })
  const metrics = await marina.ground.metrics.registry.metrics()
  const [, value] = /marina_pulls_refused_total\{policy="signature_verified"\} (\d+)/.exec(metrics)!
  assert.ok(Number(value) >= 3)
})

test('thousands of signatures of one image are bounded: the oldest and the newest are checked', async () => {
  const app = `${cast.B.name}/${fresh('many')}`
  const [keys, stranger] = [keyPairs['P-256'](), keyPairs['P-256']()]
  expectAnswer(await put(cast.B.name, 'release', keyOf(keys)), 200)
  const image = await pushImage(marina, app, { tag: 'v1' })
  const { descriptor: subject, digest } = image
  const first = await pushSignatures(marina, app, [keyBundle(digest, keys)], { subject })
  // Many in few artifacts, and all with the same bytes: the cheapest way to send them.
  const layer = simpleSigning(digest, stranger)
  for (let count = 0; count < 12; count++) {
    const noise = Array.from({ length: 100 }, () => ({
      ...layer,
      annotations: { ...layer.annotations, count: `${count}` },
    }))
    await pushSignatures(marina, app, noise, { subject })
  }
  const last = await pushSignatures(marina, app, [keyBundle(digest, keys)], { subject })
  const shown = await signaturesOf(app, 'v1')
  assert.ok(shown.length >= 200 && shown.length < 220)
  assert.deepEqual(
    shown.filter(({ verified }) => verified).map((one) => one.digest),
    [first.digest, last.digest],
  )
  expectAnswer(await rest('PUT', `/projects/${cast.B.name}`, admin, { metadata: { verify_signatures: 'true' } }), 200)
  assert.equal((await marina.ask('GET', `/v2/${app}/manifests/v1`, { as: admin })).status, 200)
})

test('giant and broken signatures are shown with their reasons, and harm nothing', async () => {
  const app = `${cast.A.name}/${fresh('broken')}`
  const { descriptor: subject, digest } = await pushImage(marina, app, { tag: 'v1' })
  const large = { mediaType: 'application/cose', bytes: Buffer.alloc(4 * 2 ** 20 + 1) }
  const types = ['application/jose+json', 'application/cose', 'application/vnd.dev.sigstore.bundle.v0.3+json']
  const deep = Buffer.concat([Buffer.alloc(200_000, 0x81), Buffer.from([0])])
  const layers = [
    large,
    ...types.flatMap((mediaType) => [
      { mediaType, bytes: Buffer.from('{}') },
      { mediaType, bytes: deep },
      { mediaType, bytes: Buffer.from(`{"a":${'['.repeat(50_000)}`) },
      { mediaType, bytes: Buffer.from([0x9f, 0x9f, 0xff]) },
    ]),
    { mediaType: 'application/vnd.dsse.envelope.v1+json', bytes: Buffer.from('{"payload":1}') },
    { mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json', bytes: Buffer.from('') },
  ]
  for (const layer of layers) await pushSignatures(marina, app, [layer], { subject, artifactType: notationType })
  const shown = await signaturesOf(app, 'v1')
  assert.equal(shown.length, layers.length)
  for (const { verified, reason } of shown) assert.ok(!verified && reason.length > 0 && reason.length <= 300, reason)
  assert.match(shown[0]!.reason, /has 4194305 bytes, and at most 4194304 are read/)
  assert.ok(shown.every((one) => one.subject === digest))
})

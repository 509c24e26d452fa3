import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Digest } from '../../../oci/digest.ts'
import { ociIndex } from '../../../oci/media-type.ts'
import { sql } from '../../platform/db/sql.ts'
import {
  fresh,
  givenMember,
  givenProject,
  pushImage,
  pushIndex,
  pushManifest,
  pushReferrer,
} from '../../testing/given.ts'
import type { Pushed } from '../../testing/given.ts'
import { eventually, expectAnswer, type Person } from '../../testing/http.ts'
import { openScene } from '../../testing/scene.ts'
import {
  attestation,
  caExtensions,
  issue,
  keyBundle,
  keyPairs,
  notationJws,
  notationType,
  pemOf,
  pushSignatures,
  signatureTag,
  simpleSigning,
} from '../../testing/signing.ts'

const { marina, rest } = await openScene()
const { admin } = marina

type Asked = { as?: Person; client?: string; method?: string }
const pull = (
  repository: string,
  reference: string,
  { as = admin, client = 'docker/28', method = 'GET' }: Asked = {},
) => marina.ask(method, `/v2/${repository}/manifests/${reference}`, { as, headers: { 'user-agent': client } })
const refused = async (repository: string, reference: string, words: RegExp, asked: Asked = {}) => {
  const { text } = expectAnswer(await pull(repository, reference, asked), 412, 'PROJECTPOLICYVIOLATION')
  assert.match(text, words)
  const head = await pull(repository, reference, { ...asked, method: 'HEAD' })
  assert.deepEqual([head.status, head.text], [412, ''])
}
const passes = async (repository: string, reference: string, asked: Asked = {}) => {
  for (const method of ['GET', 'HEAD']) {
    const { status, text } = await pull(repository, reference, { ...asked, method })
    assert.equal(status, 200, text)
  }
}

async function givenWanting(...names: string[]): Promise<{ name: string; id: number; app: string }> {
  const project = await givenProject(marina)
  const metadata = Object.fromEntries(names.map((name) => [name, 'true']))
  expectAnswer(await rest('PUT', `/projects/${project.name}`, admin, { metadata }), 200)
  return { name: project.name, id: project.id, app: `${project.name}/${fresh('app')}` }
}
const trust = async (project: string, name: string, body: unknown) =>
  expectAnswer(await rest('PUT', `/projects/${project}/signers/${name}`, admin, body), 200)
const trustKey = (project: string, name: string, keys: ReturnType<(typeof keyPairs)['P-256']>) =>
  trust(project, name, { key: { public_key: pemOf(keys.publicKey) } })
const signBundle = (app: string, image: Pushed, keys: ReturnType<(typeof keyPairs)['P-256']>) =>
  pushSignatures(marina, app, [keyBundle(image.digest, keys)], { subject: image.descriptor })

test('as in Harbor, a project may want a signature of cosign or of notation, by any signer', async () => {
  const cosign = await givenWanting('enable_content_trust_cosign')
  const image = await pushImage(marina, cosign.app, { tag: 'v1' })
  for (const reference of ['v1', image.digest])
    await refused(cosign.app, reference, /The image is not signed by cosign\./)
  await pushReferrer(marina, cosign.app, image, { artifactType: notationType })
  await refused(cosign.app, 'v1', /The image is not signed by cosign\./)
  await pushReferrer(marina, cosign.app, image, { artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json' })
  for (const reference of ['v1', image.digest]) await passes(cosign.app, reference)

  const notation = await givenWanting('enable_content_trust')
  const second = await pushImage(marina, notation.app, { tag: 'v1' })
  await refused(notation.app, 'v1', /The image is not signed by notation\./)
  await pushReferrer(marina, notation.app, second, { artifactType: notationType })
  await passes(notation.app, 'v1')

  const both = await givenWanting('enable_content_trust', 'enable_content_trust_cosign')
  const third = await pushImage(marina, both.app, { tag: 'v1' })
  await pushReferrer(marina, both.app, third, { artifactType: notationType })
  await refused(both.app, 'v1', /not signed by cosign/)
})

test('PROJECTPOLICYVIOLATION: a project that verifies wants a signature of one of its signers', async () => {
  const { name, app } = await givenWanting('verify_signatures')
  const [keys, stranger] = [keyPairs['P-256'](), keyPairs['P-256']()]
  const image = await pushImage(marina, app, { tag: 'v1' })
  await refused(app, 'v1', /no verified signature: the project trusts no signer yet/)
  await trustKey(name, 'release', keys)
  await refused(app, 'v1', /no verified signature: it has no signature/)
  await signBundle(app, image, stranger)
  await refused(app, 'v1', /not signed with a key that the project trusts/)
  const signed = await signBundle(app, image, keys)
  await passes(app, 'v1')

  // What memory knew changes with the signature, and with the signers.
  expectAnswer(await marina.ask('DELETE', `/v2/${app}/manifests/${signed.digest}`, { as: admin }), 202)
  await refused(app, 'v1', /not signed with a key that the project trusts/)
  await pushSignatures(marina, app, [simpleSigning(image.digest, keys)], { tag: signatureTag(image.digest) })
  await passes(app, 'v1')
  await trustKey(name, 'release', stranger)
  await passes(app, 'v1')
  expectAnswer(await rest('DELETE', `/projects/${name}/signers/release`, admin), 200)
  await refused(app, 'v1', /the project trusts no signer yet/)
  expectAnswer(await rest('PUT', `/projects/${name}`, admin, { metadata: { verify_signatures: 'false' } }), 200)
  await passes(app, 'v1')
})

test('an image whose signature expires is refused from then on, also where memory knew it as signed', async () => {
  const { name, app } = await givenWanting('verify_signatures')
  const root = await issue({ subject: '/O=Example/CN=root', extensions: caExtensions })
  const leaf = await issue({ subject: '/O=Example/CN=builder', issuer: root })
  await trust(name, 'builds', { certificate: { certificates: root.certificate.toString(), identities: ['*'] } })
  const { descriptor: subject } = await pushImage(marina, app, { tag: 'v1' })
  const until = new Date(Date.now() + 3000).toISOString()
  const signature = notationJws(subject, [leaf, root], { 'io.cncf.notary.expiry': until })
  await pushSignatures(marina, app, [signature], { subject, artifactType: notationType })
  await eventually(async () => {
    const { status, text } = await pull(app, 'v1')
    assert.equal(status, 412)
    assert.match(text, /no verified signature: it has expired at/)
  })
})

test('an attestation is no signature, and a signature of another image is none of this one', async () => {
  const { name, app } = await givenWanting('verify_signatures')
  const keys = keyPairs['P-256']()
  await trustKey(name, 'release', keys)
  const [image, other] = [await pushImage(marina, app, { tag: 'v1' }), await pushImage(marina, app, { tag: 'v2' })]
  await pushSignatures(marina, app, [attestation(image.digest, 'https://example.com/said', keys)], {
    subject: image.descriptor,
  })
  await pushSignatures(marina, app, [keyBundle(image.digest, keys, 'https://example.com/said')], {
    subject: image.descriptor,
  })
  await refused(app, 'v1', /no verified signature: it has attestations, but no signature|it has no signature/)
  await pushSignatures(marina, app, [keyBundle(other.digest, keys)], { subject: image.descriptor })
  await refused(app, 'v1', /its statement is about another artifact/)
})

test('a part of a signed index needs no signature of its own; the index of signed parts needs one', async () => {
  const { name, app } = await givenWanting('verify_signatures', 'enable_content_trust_cosign')
  const keys = keyPairs['P-256']()
  await trustKey(name, 'release', keys)
  const parts = [await pushImage(marina, app), await pushImage(marina, app)]
  const inner = await pushIndex(marina, app, parts)
  await refused(app, parts[0]!.digest, /not signed by cosign/)
  await signBundle(app, parts[0]!, keys)
  await passes(app, parts[0]!.digest)
  await refused(app, parts[1]!.digest, /not signed by cosign/)
  await refused(app, inner.digest, /not signed by cosign/)
  // Signed before the index that it holds is there, and after the part was refused.
  const outer = await pushIndex(marina, app, [inner], { tag: 'all' })
  const signed = await signBundle(app, outer, keys)
  for (const reference of ['all', outer.digest, inner.digest, parts[1]!.digest]) await passes(app, reference)
  expectAnswer(await marina.ask('DELETE', `/v2/${app}/manifests/${signed.digest}`, { as: admin }), 202)
  await refused(app, parts[1]!.digest, /not signed by cosign/)
  await passes(app, parts[0]!.digest)
})

test('signatures, attestations and SBOMs stay pullable; an image does not become one by naming a subject', async () => {
  const { app } = await givenWanting('verify_signatures', 'enable_content_trust')
  const keys = keyPairs['P-256']()
  const image = await pushImage(marina, app, { tag: 'v1' })
  const sayings = [
    await signBundle(app, image, keys),
    await pushSignatures(marina, app, [simpleSigning(image.digest, keys)], { tag: signatureTag(image.digest) }),
    await pushSignatures(marina, app, [attestation(image.digest, 'x', keys)], { subject: image.descriptor }),
  ]
  for (const { digest } of sayings) await passes(app, digest)
  await passes(app, signatureTag(image.digest))
  const disguised = await pushImage(marina, app, {
    tag: 'disguised',
    more: { artifactType: notationType, subject: image.descriptor },
  })
  await refused(app, 'disguised', /not signed by notation/)
  await refused(app, disguised.digest, /not signed by notation/)
})

test('the list of referrers that notation keeps under a tag stays pullable; what it lists is judged', async () => {
  const { app } = await givenWanting('verify_signatures')
  const image = await pushImage(marina, app)
  const keys = keyPairs['P-256']()
  const signature = await signBundle(app, image, keys)
  const listing = async (tag: string, entries: [Pushed, string][]) => {
    const manifests = entries.map(([{ descriptor }, artifactType]) => ({ ...descriptor, artifactType }))
    const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests }))
    return pushManifest(marina, app, content, ociIndex, { tag })
  }
  const tag = image.digest.replace(':', '-')
  const { digest } = await listing(tag, [[signature, notationType]])
  for (const reference of [tag, digest]) await passes(app, reference)
  await listing('disguised', [[image, notationType]])
  await passes(app, 'disguised')
  await refused(app, image.digest, /no verified signature/)
  await listing('mixed', [
    [signature, notationType],
    [image, 'application/vnd.test'],
  ])
  await refused(app, 'mixed', /no verified signature/)
})

test('a signing client reads what it signs, for somebody who may push; others do not', async () => {
  const project = await givenProject(marina, { isPublic: true })
  const app = `${project.name}/app`
  expectAnswer(
    await rest('PUT', `/projects/${project.name}`, admin, { metadata: { enable_content_trust_cosign: 'true' } }),
    200,
  )
  const [developer, guest] = [
    await givenMember(marina, project, 'developer'),
    await givenMember(marina, project, 'guest'),
  ]
  await pushImage(marina, app, { tag: 'v1' })
  for (const client of ['cosign/v2.4.1 (linux; amd64) go-containerregistry/v0.20.2', 'notation/1.3.0']) {
    await passes(app, 'v1', { as: developer, client })
    await refused(app, 'v1', /not signed by cosign/, { as: guest, client })
    const token = await marina.token(developer, `repository:${app}:pull`)
    const headers = { authorization: `Bearer ${token}`, 'user-agent': client }
    assert.equal((await marina.ask('GET', `/v2/${app}/manifests/v1`, { headers })).status, 200)
    assert.equal(
      (await marina.ask('GET', `/v2/${app}/manifests/v1`, { headers: { 'user-agent': client } })).status,
      401,
    )
  }
  await refused(app, 'v1', /not signed by cosign/, { as: developer })
})

test('a pull of what was pulled before asks no table, whatever the project wants', async () => {
  const { name, app } = await givenWanting('verify_signatures', 'enable_content_trust_cosign')
  const keys = keyPairs['P-256']()
  await trustKey(name, 'release', keys)
  const part = await pushImage(marina, app)
  const index = await pushIndex(marina, app, [part], { tag: 'v1' })
  const signed = await signBundle(app, index, keys)
  const token = await marina.token(admin, `repository:${app}:pull`)
  const ask = async (reference: string | Digest) => {
    const { status, text } = await marina.ask('GET', `/v2/${app}/manifests/${reference}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    assert.equal(status, 200, text)
  }
  const references = ['v1', index.digest, part.digest, signed.digest]
  for (const reference of [...references, ...references]) await ask(reference)
  // A statement on one of these tables would wait for the lock, and the pull for its answer.
  await marina.ground.db.transaction(async (tx) => {
    await tx.run(sql`
      lock table project, project_metadata, repository, artifact, manifest, tag, accessory, artifact_child, signer,
        trust_root, signature_check in access exclusive mode`)
    for (const reference of references) await ask(reference)
  })
})

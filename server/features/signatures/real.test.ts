/** Signatures by real cosign and notation: fixtures/README.md says how they were made. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { ociManifest } from '../../../oci/media-type.ts'
import { givenProject, pushBlob, pushManifest } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openScene } from '../../testing/scene.ts'

const { marina, rest } = await openScene()
const { admin } = marina

type Kept = { tag?: string; manifest: string }
type Image = { digest: string; image: string; signatures: Kept[]; blobs: Record<string, string> }
type Signed = Image & { publicKey: string; certificates: string }
const read = async (name: string) => JSON.parse(await readFile(new URL(`fixtures/${name}`, import.meta.url), 'utf8'))
const signed = (await read('signed.json')) as Signed
const trustedRoot = (await read('trusted-root.json')) as { certificateAuthorities: { validFor: { start: string } }[] }

async function push(repository: string, { image, signatures, blobs }: Image): Promise<void> {
  for (const text of Object.values(blobs)) await pushBlob(marina, repository, Buffer.from(text, 'base64'))
  const all: Kept[] = [{ tag: 'v1', manifest: image }, ...signatures]
  for (const { manifest, tag } of all)
    await pushManifest(marina, repository, Buffer.from(manifest), ociManifest, tag === undefined ? {} : { tag })
}

type Shown = { tool: string; kind: string; verified: boolean; signer?: string; reason: string; identity: string }
async function listSignatures(project: string): Promise<Shown[]> {
  const answer = await rest('GET', `/projects/${project}/repositories/app/artifacts/v1/signatures`, admin)
  return expectAnswer(answer, 200).json() as Shown[]
}

test('what cosign and notation have signed is verified in each form, and lets the image be pulled', async () => {
  const project = await givenProject(marina)
  const app = `${project.name}/app`
  await push(app, signed)
  expectAnswer(await rest('PUT', `/projects/${project.name}`, admin, { metadata: { verify_signatures: 'true' } }), 200)
  const pull = () => marina.ask('GET', `/v2/${app}/manifests/v1`, { as: admin })
  expectAnswer(await pull(), 412, 'PROJECTPOLICYVIOLATION')

  expectAnswer(await rest('PUT', '/system/trust-roots/mock', admin, trustedRoot), 200)
  const signers = {
    release: { key: { public_key: signed.publicKey } },
    builds: { certificate: { certificates: signed.certificates, identities: ['x509.subject: C=DE, O=Example'] } },
    ci: { keyless: { issuer: 'https://accounts.example.com', subject: 'builder@*', trust_root: 'mock' } },
  }
  const list = () => listSignatures(project.name)
  for (const [name, body] of Object.entries(signers)) {
    expectAnswer(await rest('PUT', `/projects/${project.name}/signers/${name}`, admin, body), 200)
    assert.equal((await pull()).status, 200, name)
    assert.ok((await list()).some(({ kind, signer }) => kind === 'signature' && signer === name))
    expectAnswer(await rest('DELETE', `/projects/${project.name}/signers/${name}`, admin), 200)
    expectAnswer(await pull(), 412, 'PROJECTPOLICYVIOLATION')
  }
  for (const [name, body] of Object.entries(signers))
    expectAnswer(await rest('PUT', `/projects/${project.name}/signers/${name}`, admin, body), 200)
  const shown = await list()
  assert.deepEqual(
    shown.filter(({ verified }) => !verified),
    [],
  )
  const counts = Map.groupBy(shown, ({ tool, kind, signer }) => `${tool} ${kind} ${signer}`)
  assert.deepEqual([...counts].map(([what, { length }]) => `${length} ${what}`).toSorted(), [
    '2 cosign attestation ci',
    '2 cosign attestation release',
    '3 cosign signature release',
    '4 cosign signature ci',
    '4 notation signature builds',
  ])
  assert.ok(shown.some(({ identity }) => identity === 'builder@example.com'))

  // With another trusted root of the same name, what memory and table knew counts no more.
  for (const name of ['release', 'builds'])
    expectAnswer(await rest('DELETE', `/projects/${project.name}/signers/${name}`, admin), 200)
  const [authority] = trustedRoot.certificateAuthorities
  const validFor = { ...authority!.validFor, end: '2026-02-01T00:00:00Z' }
  const ended = { ...trustedRoot, certificateAuthorities: [{ ...authority, validFor }] }
  for (const [root, status] of [
    [trustedRoot, 200],
    [ended, 412],
    [trustedRoot, 200],
  ] as const) {
    expectAnswer(await rest('PUT', '/system/trust-roots/mock', admin, root), 200)
    assert.equal((await pull()).status, status)
  }
})

/** Pushes an image into a project that wants verified signatures, with the signers; returns who has signed it. */
async function signersOf(image: Image, signers: Record<string, unknown>): Promise<(string | undefined)[]> {
  const project = await givenProject(marina)
  const app = `${project.name}/app`
  await push(app, image)
  expectAnswer(await rest('PUT', `/projects/${project.name}`, admin, { metadata: { verify_signatures: 'true' } }), 200)
  expectAnswer(await marina.ask('GET', `/v2/${app}/manifests/v1`, { as: admin }), 412, 'PROJECTPOLICYVIOLATION')
  for (const [name, body] of Object.entries(signers))
    expectAnswer(await rest('PUT', `/projects/${project.name}/signers/${name}`, admin, body), 200)
  assert.equal((await marina.ask('GET', `/v2/${app}/manifests/v1`, { as: admin })).status, 200)
  const shown = await listSignatures(project.name)
  assert.equal(shown.length, image.signatures.length)
  return shown.map(({ verified, signer, identity }) => (verified ? `${signer} ${identity}` : undefined))
}

test('what the command line of notation has signed is verified, and lets the image be pulled', async () => {
  const { root, ...image } = (await read('notation.json')) as Image & { root: string }
  const certificate = { certificates: root, identities: ['x509.subject: C=DE, ST=Berlin, O=Example'] }
  const found = await signersOf(image, { builds: { certificate } })
  // A set, since one of two signatures by leaf-P-256 was made for an hour.
  assert.deepEqual(
    [...new Set(found.filter((one) => one !== undefined))].toSorted(),
    ['P-256', 'P-384', 'P-521', 'rsa2048', 'rsa3072', 'rsa4096'].map(
      (one) => `builds C=DE, ST=Berlin, O=Example, CN=leaf-${one}`,
    ),
  )
})

test('what cosign 3 has signed with a key is verified, and lets the image be pulled', async () => {
  const { publicKeys, ...image } = (await read('cosign.json')) as Image & { publicKeys: Record<string, string> }
  const signers = Object.entries(publicKeys).map(([name, key]) => [name, { key: { public_key: key } }])
  const found = await signersOf(image, Object.fromEntries(signers) as Record<string, unknown>)
  assert.deepEqual(found.map((one) => one?.split(' ')[0] ?? 'no').toSorted(), [
    'ed25519',
    'p384',
    'p521',
    'release',
    'release',
    'release',
    'release',
    'rsa2048',
  ])
})

test('what cosign 3 has signed for an account, with Fulcio and Rekor 2, is verified', async () => {
  expectAnswer(await rest('PUT', '/system/trust-roots/rekor2', admin, await read('trusted-root-rekor2.json')), 200)
  const keyless = { issuer: 'http://accounts.example.com', subject: 'builder@*', trust_root: 'rekor2' }
  const found = await signersOf((await read('keyless.json')) as Image, { ci: { keyless } })
  assert.deepEqual(found.map((one) => one ?? 'no').toSorted(), [
    'ci builder@example.com',
    'ci builder@example.com',
    'no',
    'no',
  ])
})

test('trusted roots are listed, changed and deleted by administrators; one in use stays', async () => {
  const project = await givenProject(marina)
  expectAnswer(await rest('PUT', '/system/trust-roots/kept', admin, trustedRoot), 200)
  const keyless = { issuer: 'https://a.example', subject: 'b', trust_root: 'kept' }
  expectAnswer(await rest('PUT', `/projects/${project.name}/signers/ci`, admin, { keyless }), 200)
  const list = expectAnswer(await rest('GET', '/system/trust-roots', admin), 200).json() as { name: string }[]
  const { update_time: _, ...kept } = list.find(({ name }) => name === 'kept') as Record<string, unknown>
  assert.deepEqual(kept, { name: 'kept', certificate_authorities: 1, transparency_logs: 1, projects: 1 })
  expectAnswer(await rest('DELETE', '/system/trust-roots/kept', admin), 412, 'PRECONDITION')
  expectAnswer(await rest('DELETE', `/projects/${project.name}/signers/ci`, admin), 200)
  expectAnswer(await rest('DELETE', '/system/trust-roots/kept', admin), 200)
  expectAnswer(await rest('DELETE', '/system/trust-roots/kept', admin), 404, 'NOT_FOUND')
  const wrong: unknown[] = [{}, { certificateAuthorities: 1 }, { tlogs: [{}] }, { ...trustedRoot, tlogs: [] }]
  for (const body of wrong)
    expectAnswer(await rest('PUT', '/system/trust-roots/wrong', admin, body), 400, 'BAD_REQUEST')
  expectAnswer(await rest('PUT', '/system/trust-roots/Wrong', admin, trustedRoot), 400, 'BAD_REQUEST')
})

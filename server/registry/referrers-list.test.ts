import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ociIndex } from '../../oci/media-type.ts'
import { fresh, pushImage, pushIndex, pushManifest, pushReferrer, type Pushed } from '../testing/given.ts'
import { expectAnswer } from '../testing/http.ts'
import { openScene } from '../testing/scene.ts'

const { marina, rest, cast } = await openScene()
const project = cast.P.name
const given = () => {
  const name = fresh('repo')
  return { repository: `${project}/${name}`, path: `/projects/${project}/repositories/${name}` }
}
type Place = ReturnType<typeof given>
const ask = (method: string, path: string) => marina.ask(method, path, { as: marina.admin })
const statusOf = async ({ repository }: Place, reference: string) =>
  (await ask('GET', `/v2/${repository}/manifests/${reference}`)).status

/** The tag under which clients keep the list of an artifact's referrers. */
const listTag = ({ digest }: { digest: string }) => `sha256-${digest.slice(7)}`

type Listed = { digest: string; accessories: { digest: string }[] | null }
/** What lists and counts say: they must agree. */
async function shown({ path }: Place): Promise<string[]> {
  const answer = expectAnswer(await rest('GET', `${path}/artifacts?sort=digest`, marina.admin), 200)
  const digests = (answer.json() as Listed[]).map(({ digest }) => digest)
  assert.equal(Number(answer.headers['x-total-count']), digests.length)
  const asked = (await rest('GET', `${path}/artifacts?q=${encodeURIComponent('digest=~sha256')}`, marina.admin)).json()
  assert.equal((asked as Listed[]).length, digests.length)
  const { artifact_count: count } = (await rest('GET', path, marina.admin)).json() as { artifact_count: number }
  assert.equal(count, digests.length)
  return digests.toSorted()
}
const digestsOf = (...all: Pushed[]) => all.map(({ digest }) => digest).toSorted()

test("a list of an image's referrers, as notation keeps it under a tag, is no artifact of its own", async () => {
  const at = given()
  const image = await pushImage(marina, at.repository, { tag: 'v1' })
  const [one, other] = [
    await pushReferrer(marina, at.repository, image),
    await pushReferrer(marina, at.repository, image),
  ]
  await pushIndex(marina, at.repository, [one], { tag: listTag(image) })
  assert.deepEqual(await shown(at), digestsOf(image))
  // The next signature replaces the list, and the former one has no tag any more.
  const second = await pushIndex(marina, at.repository, [one, other], { tag: listTag(image) })
  assert.deepEqual(await shown(at), digestsOf(image))
  const found = (await rest('GET', `${at.path}/artifacts/v1?with_accessory=true`, marina.admin)).json() as Listed
  assert.deepEqual((found.accessories ?? []).map(({ digest }) => digest).toSorted(), digestsOf(one, other))
  // It is there for those who ask for it.
  assert.equal(await statusOf(at, listTag(image)), 200)
  const whole = (await rest('GET', `${at.path}/artifacts?q=base%3D*`, marina.admin)).json() as Listed[]
  assert.ok(whole.some(({ digest }) => digest === second.digest))
})

test('a list without entries is left out, too', async () => {
  const at = given()
  const image = await pushImage(marina, at.repository, { tag: 'v1' })
  const empty = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests: [] }))
  await pushManifest(marina, at.repository, empty, ociIndex, { tag: listTag(image) })
  assert.deepEqual(await shown(at), digestsOf(image))
})

test('an index under such a tag that is more than a list of referrers, or lists those of nothing, is shown', async () => {
  const at = given()
  const image = await pushImage(marina, at.repository, { tag: 'v1' })
  const referrer = await pushReferrer(marina, at.repository, image)
  const part = await pushImage(marina, at.repository)
  const mixed = await pushIndex(marina, at.repository, [referrer, part], { tag: listTag(image) })
  assert.deepEqual(await shown(at), digestsOf(image, mixed))
  const list = await pushIndex(marina, at.repository, [referrer], { tag: listTag(image) })
  assert.deepEqual(await shown(at), digestsOf(image, mixed))
  expectAnswer(await rest('POST', `${at.path}/artifacts/${list.digest}/tags`, marina.admin, { name: 'mine' }), 201)
  assert.deepEqual(await shown(at), digestsOf(image, mixed, list))
  const nobody = { digest: `sha256:${'0'.repeat(64)}` }
  const ofNothing = await pushIndex(marina, at.repository, [part], { tag: listTag(nobody) })
  assert.deepEqual(await shown(at), digestsOf(image, mixed, list, ofNothing))
})

/** By the two ways to delete by digest. */
const doors: Record<string, (at: Place, digest: string) => Promise<unknown>> = {
  '/v2': async ({ repository }, digest) =>
    expectAnswer(await ask('DELETE', `/v2/${repository}/manifests/${digest}`), 202),
  '/api/v2.0': async ({ path }, digest) =>
    expectAnswer(await rest('DELETE', `${path}/artifacts/${digest}`, marina.admin), 200),
}
for (const [door, remove] of Object.entries(doors))
  test(`with an image that is deleted through ${door} go its referrers and their list`, async () => {
    const at = given()
    const [image, kept] = [
      await pushImage(marina, at.repository, { tag: 'v1' }),
      await pushImage(marina, at.repository, { tag: 'v2' }),
    ]
    const one = await pushReferrer(marina, at.repository, image)
    const former = await pushIndex(marina, at.repository, [one], { tag: listTag(image) })
    const second = await pushReferrer(marina, at.repository, image)
    const list = await pushIndex(marina, at.repository, [one, second], { tag: listTag(image) })
    const other = await pushReferrer(marina, at.repository, kept)
    const otherList = await pushIndex(marina, at.repository, [other], { tag: listTag(kept) })
    await remove(at, image.digest)
    for (const { digest } of [image, one, second, former, list]) assert.equal(await statusOf(at, digest), 404)
    assert.equal(await statusOf(at, listTag(image)), 404)
    for (const { digest } of [kept, other, otherList]) assert.equal(await statusOf(at, digest), 200)
    assert.deepEqual(await shown(at), digestsOf(kept))
  })

test('an index that is more than a list of referrers stays when the image that its tag names is deleted', async () => {
  const at = given()
  const image = await pushImage(marina, at.repository, { tag: 'v1' })
  const [referrer, part] = [await pushReferrer(marina, at.repository, image), await pushImage(marina, at.repository)]
  const mixed = await pushIndex(marina, at.repository, [referrer, part], { tag: listTag(image) })
  await doors['/api/v2.0']!(at, image.digest)
  for (const { digest } of [mixed, referrer, part]) assert.equal(await statusOf(at, digest), 200)
})

test('a list that is deleted leaves the referrers of an artifact that is there', async () => {
  const at = given()
  const image = await pushImage(marina, at.repository, { tag: 'v1' })
  const referrer = await pushReferrer(marina, at.repository, image)
  const list = await pushIndex(marina, at.repository, [referrer], { tag: listTag(image) })
  await doors['/api/v2.0']!(at, list.digest)
  assert.deepEqual([await statusOf(at, list.digest), await statusOf(at, referrer.digest)], [404, 200])
  assert.deepEqual(await shown(at), digestsOf(image))
})

/** A project that caches a vendor's registry gets in as that vendor documents: its login, its tokens, its challenge. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { create } from '../../../testing/api.ts'
import { fresh, pushImage } from '../../../testing/given.ts'
import { expectAnswer } from '../../../testing/http.ts'
import { openTestMarina } from '../../../testing/server.ts'
import { openStandIn } from './stand-ins/stand-in.suite.ts'
import { standIns } from './stand-ins/stand-ins.suite.ts'

const marina = await openTestMarina({
  MARINA_OUTBOUND_ALLOW: '127.0.0.1',
  MARINA_ENDPOINT_TRIES: '1',
  MARINA_PROXY_CACHE_FAILURES: '1000',
})
after(() => marina[Symbol.asyncDispose]())
const { admin } = marina
const get = (path: string) => marina.ask('GET', `/v2/${path}`, { as: admin })

/** Those with fixed hosts cannot be led to a stand-in by their URL. */
const reachable = standIns.filter(
  ({ type, hosts }) =>
    hosts === undefined &&
    ['aws-ecr', 'google-gcr', 'azure-acr', 'github-ghcr', 'jfrog-artifactory', 'quay', 'gitlab', 'oci'].includes(type),
)

for (const standIn of reachable) {
  const title = [standIn.type, standIn.kind].filter(Boolean).join(', ')
  test(`a cache of ${title} pulls with the vendor's login`, async () => {
    await using vendor = await openStandIn(standIn, marina)
    const namespace = fresh('ns')
    await vendor.backing.makeNamespace(namespace)
    const repository = standIn.nameOf?.(namespace, 'app') ?? `${namespace}/app`
    const image = await pushImage(marina, repository, { tag: 'v1', layers: 2 })
    const { accessKey, accessSecret } = standIn.saved(vendor.url)
    const cacheOf = async (secret: string) => {
      const credential = { type: 'basic', access_key: accessKey, access_secret: secret }
      const endpoint = { name: fresh('up'), type: standIn.type, url: vendor.url, credential }
      const name = fresh('cache')
      const registry = await create(marina, '/registries', admin, endpoint)
      await create(marina, '/projects', admin, { project_name: name, registry_id: registry })
      return name
    }
    const cache = await cacheOf(accessSecret)
    const path = `${cache}/${repository}`
    const manifest = expectAnswer(await get(`${path}/manifests/v1`), 200)
    assert.equal(manifest.headers['docker-content-digest'], image.digest)
    for (const digest of [image.config, ...image.layers]) {
      const [own, through] = [await get(`${repository}/blobs/${digest}`), await get(`${path}/blobs/${digest}`)]
      assert.ok(expectAnswer(through, 200).body.equals(expectAnswer(own, 200).body))
    }
    expectAnswer(await get(`${cache}/${namespace}/none/manifests/v1`), 404, 'NAME_UNKNOWN')
  })
}

import assert from 'node:assert/strict'
import { callApi, create } from './api.ts'
import { eventually, expectAnswer } from './http.ts'
import type { TestMarina } from './server.ts'

type Manifest = { config: { digest: string }; layers: { digest: string }[] }

/**
 * The public project `hub`, which caches the endpoint with the id 1 (this Marina itself), with `library/alpine` pulled
 * through it twice.
 */
export async function givenPortalCache(marina: TestMarina): Promise<void> {
  const { admin } = marina
  const metadata = { public: 'true', proxy_cache_fixed_tags: '3.*', proxy_cache_bytes: String(20 * 1024 ** 3) }
  await create(marina, '/projects', admin, { project_name: 'hub', registry_id: 1, metadata })
  const get = async (path: string) =>
    expectAnswer(await marina.ask('GET', `/v2/hub/library/alpine/${path}`, { as: admin }), 200)
  const pull = async () => {
    const { config, layers } = (await get('manifests/3.20')).json() as Manifest
    for (const { digest } of [config, ...layers]) await get(`blobs/${digest}`)
  }
  await pull()
  await eventually(async () => {
    const answer = await callApi(marina, 'GET', '/projects/hub/proxy-cache', { as: admin })
    assert.equal((expectAnswer(answer, 200).json() as { artifacts: number }).artifacts, 1)
  })
  await pull()
}

/** Ways to the other side: TLS with authorities of one's own, and proxies. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callApi } from '../../testing/api.ts'
import { makeCertificate } from '../../testing/certificate.ts'
import { openDockerRegistry } from '../../testing/docker-registry.ts'
import { fresh, givenProject, pushImage } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { inFrontOf, openForwardProxy } from '../../testing/in-front.ts'
import { openOtherSide } from '../../testing/other-side.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import { get, givenEndpoint, givenPolicy, logsOf, run } from './replication.suite.ts'

/** An image in a project of its own, and a policy that pushes it to an endpoint. */
async function givenPush(marina: TestMarina, endpoint: number) {
  const { name: project } = await givenProject(marina)
  const { digest } = await pushImage(marina, `${project}/app`, { tag: 'v1' })
  const filters = [{ type: 'name', value: `${project}/app` }]
  return { project, digest, policy: await givenPolicy(marina, { dest_registry: { id: endpoint }, filters }) }
}

const tagsOf = async (url: string, repository: string) => {
  const answer = await fetch(`${url}/v2/${repository}/tags/list`)
  return answer.status === 404 ? [] : ((await answer.json()) as { tags: string[] }).tags
}

test('S3-44: a certificate that is not trusted fails the task with the way out; with its CA it works', async () => {
  await using docker = await openDockerRegistry()
  await using marina = await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.1', MARINA_ENDPOINT_TRIES: '2' })
  const [first, second] = await Promise.all([makeCertificate(), makeCertificate()])
  await using side = await openOtherSide(inFrontOf(docker.url, 'https'), first)
  const save = { name: fresh('tls'), type: 'docker-registry', url: side.url }
  const unknown = await callApi(marina, 'POST', '/registries', { as: marina.admin, body: save })
  assert.match(
    expectAnswer(unknown, 400, 'BAD_REQUEST').text,
    /the registry is unhealthy: .*certificate is self-signed: give its CA certificate/,
  )
  const endpoint = await givenEndpoint(marina, side.url, { type: 'docker-registry', ca_certificate: first.cert })
  const { project, policy } = await givenPush(marina, endpoint)

  side.present(second)
  const refused = await run(marina, policy)
  const { name } = await get<{ name: string }>(marina, `/registries/${endpoint}`)
  assert.deepEqual([refused.status, refused.failed], ['Failed', 1], await logsOf(marina, refused.id))
  const says = new RegExp(
    `${name}: \\w+ ${side.url}/v2/.*: the certificate is self-signed: give its CA certificate, or allow any`,
  )
  assert.match(refused.status_text, says)
  assert.match(await logsOf(marina, refused.id), says)
  assert.deepEqual(await tagsOf(docker.url, `${project}/app`), [])

  const body = { ca_certificate: second.cert }
  expectAnswer(await callApi(marina, 'PUT', `/registries/${endpoint}`, { as: marina.admin, body }), 200)
  const trusted = await run(marina, policy)
  assert.equal(trusted.status, 'Succeed', trusted.status_text)
  assert.deepEqual(await tagsOf(docker.url, `${project}/app`), ['v1'])
})

test('a run goes through HTTPS_PROXY and HTTP_PROXY, and past them to what NO_PROXY names', async () => {
  await using docker = await openDockerRegistry()
  await using proxy = await openForwardProxy()
  const certificate = await makeCertificate()
  await using secured = await openOtherSide(inFrontOf(docker.url, 'https'), certificate)
  await using near = await openOtherSide(inFrontOf(docker.url), undefined, '127.0.0.2')
  await using marina = await openTestMarina({
    MARINA_OUTBOUND_ALLOW: '127.0.0.0/8',
    MARINA_HTTPS_PROXY: proxy.url,
    MARINA_HTTP_PROXY: proxy.url,
    MARINA_NO_PROXY: '127.0.0.2',
  })
  const copyTo = async (url: string, more: object = {}) => {
    const endpoint = await givenEndpoint(marina, url, { type: 'docker-registry', ...more })
    const { project, policy } = await givenPush(marina, endpoint)
    proxy.asked.length = 0
    const execution = await run(marina, policy)
    assert.equal(execution.status, 'Succeed', execution.status_text)
    assert.deepEqual(await tagsOf(docker.url, `${project}/app`), ['v1'])
    return { project, asked: [...proxy.asked] }
  }
  const tunnelled = await copyTo(secured.url, { ca_certificate: certificate.cert })
  assert.deepEqual(new Set(tunnelled.asked), new Set([`CONNECT ${new URL(secured.url).host}`]))
  const plain = await copyTo(docker.url)
  assert.ok(plain.asked.includes(`PUT ${docker.url}/v2/${plain.project}/app/manifests/v1`), plain.asked.join('\n'))
  const direct = await copyTo(near.url)
  assert.deepEqual(direct.asked, [])
  assert.ok(near.lines().includes(`PUT /v2/${direct.project}/app/manifests/v1`))
})

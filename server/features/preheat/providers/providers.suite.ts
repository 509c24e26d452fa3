import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openOutbound } from '../../../platform/outbound/outbound.ts'
import { openPreheatProvider, type Reply } from '../../../testing/preheat-provider.ts'
import type { Auth } from './auth.ts'
import { openAsk } from './exchange.ts'
import { ProviderAway, ProviderRefused, type PreheatImage, type Provider } from './provider.ts'

/** What the suite has to know of a service: the paths that it is asked at. */
export type Kind = { provider: Provider; health: string; begin: string }

const token = 'pull-token-of-the-task'
const image: PreheatImage = {
  repository: 'team/app',
  tag: 'v1',
  digest: `sha256:${'a'.repeat(64)}`,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  url: 'http://registry.example/v2/team/app/manifests/v1',
  authorize: () => Promise.resolve(`Bearer ${token}`),
}
const none: Auth = { mode: 'NONE', info: {} }
const limits = { callTimeoutMs: 30_000, answerBytes: 64 * 1024 }

/** What holds of every kind of service that preheats. */
export async function testProvider(kind: Kind): Promise<void> {
  const scene = await openScene()
  testAsking(kind, scene)
  testPreheating(kind, scene)
  testFaults(kind, scene)
  testAbsence(kind, scene)
}

type Scene = Awaited<ReturnType<typeof openScene>>

/** A stand-in, and the way to it; closed after the file's tests. */
async function openScene() {
  const opened = new AsyncDisposableStack()
  after(() => opened.disposeAsync())
  const service = opened.use(await openPreheatProvider())
  const outbound = openOutbound({ allow: ['127.0.0.1'] })
  opened.defer(() => outbound.close())
  const reach = (auth: Auth = none, endpoint = service.url, more: Partial<typeof limits> = {}) =>
    openAsk({ outbound, limits: { ...limits, ...more } }, { endpoint, isInsecure: false, auth })
  /** The line of the last request, and how it was authenticated. */
  const last = () => {
    const { method, path, headers } = service.requests.at(-1)!
    return [`${method} ${path}`, headers.authorization ?? headers['x-key']]
  }
  return { service, outbound, reach, last }
}

function testAsking({ provider, health }: Kind, { service, reach, last }: Scene): void {
  test(`${provider.id}: it is asked for its health with each kind of credential`, async () => {
    await provider.health(reach())
    assert.deepEqual(last(), [`GET ${health}`, undefined])
    const basic = `Basic ${Buffer.from('anna:secret-1').toString('base64')}`
    for (const [auth, sent] of [
      [{ mode: 'BASIC', info: { username: 'anna', password: 'secret-1' } }, basic],
      // As Harbor keeps it: the field has the user's name.
      [{ mode: 'BASIC', info: { anna: 'secret-1' } }, basic],
      [{ mode: 'OAUTH', info: { token: 'secret-2' } }, 'Bearer secret-2'],
      [{ mode: 'CUSTOM', info: { 'X-Key': 'secret-3' } }, 'secret-3'],
    ] as [Auth, string][]) {
      await provider.health(reach(auth))
      assert.deepEqual(last(), [`GET ${health}`, sent])
    }
    // A path of the endpoint stays.
    service.answer(({ path }) => (path.startsWith('/below') ? { body: '' } : undefined))
    await provider.health(reach(none, `${service.url}/below/`))
    service.answer(() => undefined)
    assert.deepEqual(last(), [`GET /below${health}`, undefined])
  })
}

function testPreheating({ provider, begin }: Kind, { service, reach, last }: Scene): void {
  test(`${provider.id}: it is asked to preheat an image until it says that it has`, async () => {
    const job = await provider.preheat(reach(), image, {})
    assert.equal(last()[0], `POST ${begin}`)
    let progress = job === undefined ? undefined : await provider.progress!(reach(), job)
    while (progress?.state === 'running') progress = await provider.progress!(reach(), job!)
    assert.equal(progress?.state ?? 'success', 'success')
    assert.deepEqual(service.problems, [])
  })
}

function testFaults({ provider }: Kind, { service, reach }: Scene): void {
  test(`${provider.id}: what passes is told from what does not, with a reason, no secret, in bounds`, async () => {
    const secret: Auth = { mode: 'OAUTH', info: { token: 'service-token-9' } }
    let sent = 0
    function* endless() {
      for (let n = 0; n < 200; n++) yield (sent++, 'x'.repeat(1024 * 1024))
    }
    const faults: [Reply, typeof ProviderAway | typeof ProviderRefused, RegExp][] = [
      [{ status: 500, body: 'out of order service-token-9' }, ProviderAway, /answered with 500: out of order \*\*\*/],
      [{ status: 503 }, ProviderAway, /answered with 503$/],
      [{ status: 429 }, ProviderAway, /answered with 429/],
      [{ status: 401, body: '{"message":"who?"}' }, ProviderRefused, /answered with 401: .*who\?/],
      [{ status: 404 }, ProviderRefused, /answered with 404/],
      [{ body: '{"id": 1, "sta' }, ProviderRefused, /the answer is not what such a service says: .*sta/],
      [{ body: '<html><body>Welcome</body></html>' }, ProviderRefused, /not what such a service says: .*html/],
      [{ body: '[1]' }, ProviderRefused, /not what such a service says/],
      [{ status: 302, headers: { location: `${service.url}/elsewhere` } }, ProviderRefused, /answered with 302/],
      [{ body: endless() }, ProviderRefused, /the answer is longer than 65536 bytes/],
    ]
    for (const [reply, kind, message] of faults) {
      service.answer(() => reply)
      const error = await provider.preheat(reach(secret), image, {}).then(
        () => assert.fail(`${message.source}: nothing was thrown`),
        (thrown: unknown) => thrown as Error,
      )
      assert.ok(error instanceof kind, `${error.name}: ${error.message}`)
      assert.match(error.message, message)
      assert.doesNotMatch(error.message, new RegExp(`service-token-9|${token}`))
    }
    service.answer(() => undefined)
    assert.ok(sent < 100, `${sent} MB were sent to a reader with a bound`)
    assert.equal(service.requests.filter(({ path }) => path === '/elsewhere').length, 0)
  })
}

function testAbsence({ provider }: Kind, { service, outbound, reach }: Scene): void {
  test(`${provider.id}: one that is silent or not there is away, one that must not be called refused`, async () => {
    service.answer(() => 'never')
    await assert.rejects(provider.health(reach(none, service.url, { callTimeoutMs: 200 })), ProviderAway)
    service.answer(() => undefined)
    const gone = await openPreheatProvider()
    await gone[Symbol.asyncDispose]()
    await assert.rejects(provider.health(reach(none, gone.url)), { name: 'ProviderAway', message: /nobody listens/ })
    await assert.rejects(provider.health(reach(none, 'http://169.254.169.254')), {
      name: 'ProviderRefused',
      message: /metadata service, which Marina never calls/,
    })
    const ends = new AbortController()
    service.answer(() => (ends.abort(new Error('stopped')), 'never'))
    const asked = openAsk({ outbound, limits }, { endpoint: service.url, isInsecure: false, auth: none }, ends.signal)
    await assert.rejects(provider.health(asked), { message: 'stopped' })
    service.answer(() => undefined)
  })
}

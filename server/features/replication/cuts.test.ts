/** The other side closes its connections at any byte of any answer. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { digestOf } from '../../../oci/digest.ts'
import { ociManifest } from '../../../oci/media-type.ts'
import {
  findDisagreements,
  fresh,
  givenProject,
  makeImage,
  pushBlob,
  pushManifest,
  pushReferrer,
} from '../../testing/given.ts'
import { cutting } from '../../testing/in-front.ts'
import { openOtherSide } from '../../testing/other-side.ts'
import { randomOf } from '../../testing/random.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import { givenEndpoint, givenPolicy, logsOf, run, tagsAt } from './replication.suite.ts'

const seed = Number(process.env['MARINA_TEST_SEED'] ?? Date.now() % 1_000_000)
const settings = {
  MARINA_OUTBOUND_ALLOW: '127.0.0.1',
  MARINA_ENDPOINT_TRIES: '3',
  MARINA_ENDPOINT_BACK_OFF: '10ms',
  MARINA_REPLICATION_BLOB_BACK_OFF: '10ms',
} as const

/** Where an answer is cut, as a part of its bytes; the first rounds take the edges. */
const edges = [() => 0, () => 1, (length: number) => length - 1]

/** Answers of each kind that are cut once, each at a byte of its own. */
function openCuts(kinds: Record<string, RegExp>) {
  const random = randomOf(seed)
  const waiting = new Map<string, (length: number) => number>()
  const done: string[] = []
  return {
    done,
    arm(round: number) {
      for (const kind of Object.keys(kinds))
        waiting.set(kind, edges[round] ?? ((length) => Math.floor(random() * length)))
    },
    left: () => [...waiting.keys()],
    cutAt({ method, url }: IncomingMessage, length: number): number | undefined {
      const line = `${method} ${url}`
      const kind = [...waiting.keys()].find((one) => kinds[one]!.test(line))
      if (kind === undefined) return undefined
      const at = waiting.get(kind)!(length)
      waiting.delete(kind)
      done.push(`${kind}: ${line} after ${at} of ${length}`)
      return at
    },
  }
}

describe(`a registry that closes at any byte (seed ${seed})`, () => {
  let here: TestMarina
  let there: TestMarina
  before(async () => {
    ;[here, there] = await Promise.all([openTestMarina(settings), openTestMarina(settings)])
  })
  after(async () => {
    await here?.[Symbol.asyncDispose]()
    await there?.[Symbol.asyncDispose]()
  })

  /** An image with a larger layer and something that refers to it. */
  async function pushAll(marina: TestMarina, repository: string) {
    const layer = randomBytes(100_000)
    const image = makeImage(2)
    const { layers, ...rest } = JSON.parse(image.content.toString()) as { layers: object[] }
    const large = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf(layer), size: layer.length }
    const content = Buffer.from(JSON.stringify({ ...rest, layers: [...layers, large] }))
    const blobs = [layer, ...image.blobs]
    for (const bytes of blobs) await pushBlob(marina, repository, bytes)
    const pushed = await pushManifest(marina, repository, content, ociManifest, { tag: 'v1' })
    const note = await pushReferrer(marina, repository, pushed)
    return { blobs: blobs.map((bytes) => digestOf(bytes)), manifests: ['v1', pushed.digest, note.digest] }
  }

  async function agree(
    from: [TestMarina, string],
    to: [TestMarina, string],
    pushed: Awaited<ReturnType<typeof pushAll>>,
  ) {
    const paths = [
      ...pushed.manifests.map((one) => `manifests/${one}`),
      ...pushed.blobs.map((digest) => `blobs/${digest}`),
    ]
    for (const path of paths) {
      const [a, b] = await Promise.all(
        [from, to].map(([marina, name]) => marina.ask('GET', `/v2/${name}/${path}`, { as: marina.admin })),
      )
      assert.deepEqual([b!.status, b!.body.equals(a!.body)], [200, true], path)
    }
  }

  /** An endpoint whose connections nothing has used yet, so that it asks for everything anew. */
  const endpointAt = (url: string, { admin }: TestMarina) =>
    givenEndpoint(here, url, {
      type: 'docker-registry',
      credential: { type: 'basic', access_key: admin.name, access_secret: admin.password },
    })

  test('S3-46: each answer of a source may be cut, and the pull finishes with the same bytes', async () => {
    const cuts = openCuts({
      check: /^GET \/v2\/$/,
      token: /^GET \/service\/token/,
      list: /\/tags\/list/,
      stat: /^HEAD .*\/manifests\//,
      manifest: /^GET .*\/manifests\//,
      referrers: /\/referrers\//,
      blob: /^GET .*\/blobs\//,
    })
    await using side = await openOtherSide(cutting(there.url, cuts.cutAt))
    for (let round = 0; round < 10; round++) {
      const { name: project } = await givenProject(there)
      const pushed = await pushAll(there, `${project}/app`)
      const [endpoint, made] = [await endpointAt(side.url, there), fresh('pulled')]
      const policy = await givenPolicy(here, {
        src_registry: { id: endpoint },
        dest_namespace: made,
        filters: [{ type: 'name', value: `${project}/app` }],
      })
      cuts.arm(round)
      const execution = await run(here, policy)
      const told = [`round ${round}`, ...cuts.done, execution.status_text, await logsOf(here, execution.id)].join('\n')
      assert.deepEqual([execution.status, cuts.left().filter((kind) => kind !== 'stat')], ['Succeed', []], told)
      await agree([there, `${project}/app`], [here, `${made}/app`], pushed)
    }
    assert.deepEqual(await findDisagreements(here, ['loss']), [])
  })

  test('S3-46: each answer of a target may be cut after it has done its work, and the push finishes', async () => {
    const cuts = openCuts({
      token: /^GET \/service\/token/,
      find: /^HEAD .*\/blobs\//,
      begin: /^POST .*\/blobs\/uploads\//,
      send: /^(?:PUT|PATCH) .*\/blobs\/uploads\//,
      stat: /^HEAD .*\/manifests\//,
      manifest: /^PUT .*\/manifests\//,
    })
    await using side = await openOtherSide(cutting(there.url, cuts.cutAt))
    for (let round = 0; round < 10; round++) {
      const [{ name: from }, { name: to }] = [await givenProject(here), await givenProject(there)]
      const pushed = await pushAll(here, `${from}/app`)
      const policy = await givenPolicy(here, {
        dest_registry: { id: await endpointAt(side.url, there) },
        dest_namespace: to,
        override: true,
        filters: [{ type: 'name', value: `${from}/app` }],
      })
      cuts.arm(round)
      const execution = await run(here, policy)
      const told = [`round ${round}`, ...cuts.done, execution.status_text, await logsOf(here, execution.id)].join('\n')
      assert.deepEqual([execution.status, cuts.left()], ['Succeed', []], told)
      await agree([here, `${from}/app`], [there, `${to}/app`], pushed)
    }
    assert.deepEqual(await findDisagreements(there, ['loss']), [])
  })

  test('S3-46: while a source cuts every blob nothing is shown; when it stops, the next run finishes', async () => {
    let isCutting = true
    const random = randomOf(seed + 1)
    // In the head, so that no try gets any further.
    const cutAt = ({ method, url }: IncomingMessage) =>
      isCutting && method === 'GET' && url!.includes('/blobs/') ? Math.floor(random() * 100) : undefined
    await using side = await openOtherSide(cutting(there.url, cutAt))
    const { name: project } = await givenProject(there)
    const pushed = await pushAll(there, `${project}/app`)
    const made = fresh('pulled')
    const policy = await givenPolicy(here, {
      src_registry: { id: await endpointAt(side.url, there) },
      dest_namespace: made,
      filters: [{ type: 'name', value: `${project}/app` }],
    })
    const failed = await run(here, policy)
    assert.deepEqual([failed.status, failed.failed], ['Failed', 1], failed.status_text)
    assert.match(failed.status_text, new RegExp(`GET ${side.url}/v2/${project}/app/blobs/sha256:\\w+: `))
    assert.deepEqual(await tagsAt(here, `${made}/app`), [])
    isCutting = false
    assert.equal((await run(here, policy)).status, 'Succeed')
    await agree([there, `${project}/app`], [here, `${made}/app`], pushed)
  })
})

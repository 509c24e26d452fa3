import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { after, before, suite, test } from 'node:test'
import { Cut, openClient, type Client } from './client.ts'
import { blobOf, makeImage, type Blob } from './image.ts'
import { runMarina, startMarina, type Running } from './marina.ts'
import { blobFile, errorCode, openFolder, pullsWhole, pushImage, type Folder } from './scene.ts'

const repository = 'library/damaged'

suite('stored bytes that the disk lost or altered', () => {
  let folder: Folder
  let marina: Running
  let client: Client

  before(async () => {
    folder = await openFolder()
    marina = await startMarina({ settings: { MARINA_DATA_DIR: folder.dir } })
    client = openClient(marina.port)
  })
  after(async () => {
    client?.close()
    await marina?.stop()
    await folder?.[Symbol.asyncDispose]()
  })

  const damages: [what: string, finding: RegExp, harm: (file: string, bytes: Buffer) => Promise<void>][] = [
    ['one altered byte (F16)', /altered/, (file, bytes) => writeFile(file, flipped(bytes))],
    ['a file cut short (F16)', /bytes are stored/, (file, bytes) => truncate(file, bytes.length - 10)],
    ['a file of no length (F16, distribution #2788)', /0 bytes are stored/, (file) => truncate(file, 0)],
    ['a file that is gone (F17)', /missing/, (file) => rm(file)],
  ]

  for (const [what, finding, harm] of damages) {
    test(`${what} is never served whole, fsck names it, HEAD is 404, and another push heals it`, async () => {
      const layer = blobOf(randomBytes(700_000))
      const image = makeImage([layer])
      assert.equal(await pushImage(client, repository, image, 'one'), 201)
      assert.ok(await pullsWhole(client, repository, image, 'one')) // Marina has verified the digest by now
      await harm(blobFile(folder.dir, layer.digest), layer.bytes)

      await assertNotServed(layer)
      const head = await client.ask('HEAD', `/v2/${repository}/blobs/${layer.digest}`)
      assert.equal(head.status, 404)
      const again = await client.ask('GET', `/v2/${repository}/blobs/${layer.digest}`)
      assert.deepEqual([again.status, errorCode(again.body)], [404, 'BLOB_UNKNOWN'])
      assert.match(marina.said(), new RegExp(layer.digest.slice(7)), 'the log names the blob')
      const found = await fsck()
      assert.equal(found.length, 1)
      assert.match(found[0]!, new RegExp(`${layer.digest}.*${finding.source}`))

      assert.equal(await pushImage(client, repository, image, 'one'), 201)
      assert.ok(await pullsWhole(client, repository, image, 'one'))
      assert.deepEqual(await fsck(), [])
    })
  }

  async function assertNotServed({ digest }: Blob): Promise<void> {
    const answer = await client.ask('GET', `/v2/${repository}/blobs/${digest}`).catch((error: unknown) => error)
    if (answer instanceof Cut) return
    assert.equal((answer as { status: number }).status, 404)
  }

  async function fsck(): Promise<string[]> {
    const { out } = await runMarina(['fsck', '--json', '--digests'], { MARINA_DATA_DIR: folder.dir })
    const { findings } = JSON.parse(out) as { findings: { kind: string; what: string }[] }
    return findings.filter(({ kind }) => kind === 'loss').map(({ what }) => what)
  }

  test('a small blob that is read repeatedly keeps its bytes, in answers and on the disk', async () => {
    const layer = blobOf(randomBytes(100))
    assert.equal(await pushImage(client, repository, makeImage([layer]), 'small'), 201)
    for (let time = 0; time < 3; time++)
      assert.deepEqual((await client.ask('GET', `/v2/${repository}/blobs/${layer.digest}`)).body, layer.bytes)
    assert.deepEqual(await readFile(blobFile(folder.dir, layer.digest)), layer.bytes)
  })
})

function flipped(bytes: Buffer): Buffer {
  const other = Buffer.from(bytes)
  other[bytes.length >> 1]! ^= 1
  return other
}

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { openClient } from './client.ts'
import { blobOf, makeImage } from './image.ts'
import { socketUrl } from './kills.ts'
import { loseUnsynced } from './lost-files.ts'
import { killPostgresOf, runMarina, startMarina } from './marina.ts'
import { openRandom } from './random.ts'
import { openFolder, pullsWhole, pushImage } from './scene.ts'

const repository = 'library/powerless'

suite('the machine loses power while files are not synced', () => {
  test('F18: files that are lost, cut or garbled are written again before the first request', async () => {
    await using folder = await openFolder()
    const settings = { MARINA_DATA_DIR: folder.dir, MARINA_STORAGE_UNSYNCED_DELAY: '1h', MARINA_LOG_LEVEL: 'warn' }
    const images = Array.from({ length: 20 }, (_, n) => makeImage([blobOf(randomBytes(100 + n * 3000))]))
    const marina = await startMarina({ settings })
    try {
      using client = openClient(marina.port)
      for (const [number, image] of images.entries())
        assert.equal(await pushImage(client, repository, image, `v${number}`), 201)
      await marina.kill()
      const lost = await loseUnsynced(socketUrl(folder.dir), folder.dir, openRandom(7))
      assert.ok(lost > 10, `${lost} files were lost`)
    } finally {
      await marina.kill()
      await killPostgresOf(folder.dir)
    }

    await using again = await startMarina({ settings })
    using client = openClient(again.port)
    for (const [number, image] of images.entries()) assert.ok(await pullsWhole(client, repository, image, `v${number}`))
    assert.match(again.said(), /files that the disk had lost were written again from the database/)
    const { code, out } = await runMarina(['fsck', '--digests', '--repair'], settings)
    assert.equal(code, 0, out)
    assert.match(out, /0 lost/)
    assert.match(out, /small files: \d+ synced, 0 written again/)
    assert.ok(!out.includes('small files: 0 synced'), 'files that were right at the start were left to the next round')
  })
})

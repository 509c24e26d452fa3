/** A real docker-registry that sends its events to Marina. */
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask, basic } from './http.ts'
import { smallImage } from './image.ts'
import { makeFolder, run, startMarina } from './marina.ts'
import { openDockerRegistry } from './registry.ts'

const secret = 'what-only-the-two-know'

test('S4-01, S4-32: what skopeo does at a notifying docker-registry appears in Marina', async () => {
  await using top = await makeFolder()
  const dataDir = path.join(top.dir, 'data')
  await mkdir(dataDir)
  await using marina = await startMarina({ dataDir, env: { MARINA_NOTIFICATIONS_SECRET: secret } })
  await using other = await openDockerRegistry(path.join(top.dir, 'other'), {
    url: `${marina.url}/service/notifications`,
    secret,
  })
  const { source } = await smallImage(path.join(top.dir, 'image'), 'elsewhere')
  const at = `docker://${other.host}/library/elsewhere:v1`

  await run(['skopeo', 'copy', '--dest-tls-verify=false', source, at])
  const seen = async () =>
    (await ask(`${marina.url}/api/v2.0/projects/library/repositories`, 200, { headers: basic(marina.password!) }))
      .json as { name: string; pull_count: number }[]
  const until = async (isThere: (found: Awaited<ReturnType<typeof seen>>) => boolean) => {
    for (let tries = 0; tries < 200; tries++) {
      const found = await seen()
      if (isThere(found)) return found
      await sleep(50)
    }
    return seen()
  }
  assert.deepEqual(
    (await until((found) => found.length === 1)).map(({ name }) => name),
    ['library/elsewhere'],
  )

  await run(['skopeo', 'copy', '--src-tls-verify=false', at, `oci:${path.join(top.dir, 'back')}:v1`])
  assert.equal((await until(([one]) => one!.pull_count > 0))[0]!.pull_count, 1)
  await marina.stop()
})

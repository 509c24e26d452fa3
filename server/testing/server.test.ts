import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fresh, givenCast, pushImage } from './given.ts'
import { openTestMarina } from './server.ts'

test("a Marina of the test's own takes an image and gives it back, and leaves nothing when closed", async () => {
  await using marina = await openTestMarina()
  const { A, deA, guA } = await givenCast(marina)
  const repository = `${A.name}/${fresh('app')}`
  const image = await pushImage(marina, repository, { as: deA, tag: 'v1' })
  const pulled = await marina.ask('GET', `/v2/${repository}/manifests/v1`, {
    token: await marina.token(guA, `repository:${repository}:pull`),
  })
  assert.deepEqual([pulled.status, pulled.body], [200, image.content])
})

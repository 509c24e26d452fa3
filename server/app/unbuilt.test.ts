import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expectAnswer } from '../testing/http.ts'
import { openScene } from '../testing/scene.ts'

const { rest, cast } = await openScene()

test('a list of something that Marina does not have yet is empty, and needs a login', async () => {
  for (const path of ['/p2p/preheat/instances?page=1&page_size=0', `/projects/${cast.A.id}/preheat/policies`]) {
    const answer = expectAnswer(await rest('GET', path, cast.guA), 200)
    assert.deepEqual([answer.json(), answer.headers['x-total-count']], [[], '0'], path)
    expectAnswer(await rest('GET', path, undefined), 401, 'UNAUTHORIZED')
  }
})

test('a change of something that Marina does not have yet is answered with 501 and a sentence', async () => {
  for (const [method, path] of [
    ['POST', '/p2p/preheat/instances'],
    ['POST', `/projects/${cast.A.name}/preheat/policies`],
  ] as const) {
    assert.match(
      expectAnswer(await rest(method, path, cast.sys, {}), 501, 'NOT_IMPLEMENTED').text,
      /cannot do this yet/,
    )
    expectAnswer(await rest(method, path, undefined, {}), 401, 'UNAUTHORIZED')
  }
})

test('an unknown path is 404, and so is one thing of a kind that Marina does not have yet', async () => {
  for (const path of ['/nothing', '/retentions/7']) expectAnswer(await rest('GET', path, cast.sys), 404, 'NOT_FOUND')
  expectAnswer(await rest('POST', '/nothing', cast.sys, {}), 404, 'NOT_FOUND')
})

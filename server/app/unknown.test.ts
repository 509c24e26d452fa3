import { test } from 'node:test'
import { expectAnswer } from '../testing/http.ts'
import { openScene } from '../testing/scene.ts'

const { rest, cast } = await openScene()

test('an unknown path is 404, for reading and for changes', async () => {
  for (const path of ['/nothing', '/retentions/7']) expectAnswer(await rest('GET', path, cast.sys), 404, 'NOT_FOUND')
  expectAnswer(await rest('POST', '/nothing', cast.sys, {}), 404, 'NOT_FOUND')
})

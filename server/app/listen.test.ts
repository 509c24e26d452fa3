import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openLog } from '../platform/observe/log.ts'
import { givenProject, givenUser } from '../testing/given.ts'
import { eventually, expectAnswer } from '../testing/http.ts'
import { openTestMarina } from '../testing/server.ts'

const lines: string[] = []
const stream = { isTTY: false, write: (line: string) => lines.push(line) > 0 } as unknown as NodeJS.WriteStream
const log = openLog({ level: 'info', format: 'text', stream })
const marina = await openTestMarina({ MARINA_LOG_REQUESTS: 'all' }, log)
after(() => marina[Symbol.asyncDispose]())
const { admin, ask } = marina

test('another Harbor learns which API is spoken here', async () => {
  const answer = expectAnswer(await ask('GET', '/api/version'), 200)
  assert.deepEqual(answer.json(), { version: 'v2.0' })
  assert.equal(answer.headers['content-type'], 'application/json')
})

test('the log of requests, and that of what was refused, show paths as they came', async () => {
  const { name } = await givenProject(marina)
  const path = `/api/v2.0/projects/${name}/repositories/a/b/nothing/of/ours`
  expectAnswer(await ask('GET', path, { as: admin }), 404, 'NOT_FOUND')
  await eventually(() => assert.ok(lines.some((line) => line.includes(`path=${path} `))))

  const guest = await givenUser(marina)
  const forbidden = `/api/v2.0/projects/${name}/repositories/a/b/c`
  expectAnswer(await ask('DELETE', forbidden, { as: guest }), 403, 'FORBIDDEN')
  await eventually(async () => {
    const entries = (await ask('GET', '/api/v2.0/auditlog-exts?page_size=100', { as: admin })).text
    assert.ok(entries.includes(forbidden), entries)
  })
})

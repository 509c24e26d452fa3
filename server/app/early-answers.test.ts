import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import type { EagerRequest } from '../testing/eager-client.ts'
import { basic } from '../testing/http.ts'
import { openTestMarina } from '../testing/server.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())
const authorization = basic(marina.admin)
const json = { 'content-type': 'application/json' }

/** Requests that are answered while their body is still on the way. */
const early: [status: number, method: string, path: string, headers: Record<string, string>][] = [
  [401, 'PUT', '/v2/library/x/manifests/v1', {}],
  [413, 'PUT', '/v2/library/x/manifests/v1', { authorization }],
  [404, 'POST', '/v2/absent/x/blobs/uploads/', { authorization }],
  [401, 'PUT', '/api/v2.0/configurations', json],
  [404, 'POST', '/api/v2.0/nothing', { authorization }],
  [413, 'POST', '/api/v2.0/projects', { ...json, authorization }],
  [413, 'POST', '/c/login', json],
  [404, 'POST', '/nothing', {}],
]
const bytes = 6 * 2 ** 20

for (const [status, method, path, headers] of early)
  test(`Node's client reads ${status} of ${method} ${path}, though its body is under way`, async () => {
    const workerData: EagerRequest = { port: marina.port, method, path, headers, bytes, tries: 20 }
    const client = new Worker(new URL('../testing/eager-client.ts', import.meta.url), { workerData })
    const [answers] = (await once(client, 'message')) as [(number | string)[]]
    assert.deepEqual(answers, Array(20).fill(status))
  })

test('curl reads the status of an early answer, and its connection does not break', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'early-'))
  try {
    const file = join(folder, 'body')
    await writeFile(file, Buffer.alloc(bytes, 'x'))
    for (const [status, method, path, headers] of early) {
      const lines = Object.entries({ ...headers, connection: 'close', expect: '' }).flatMap(([name, value]) => [
        '-H',
        `${name}:${value && ` ${value}`}`,
      ])
      const args = ['-sS', '-o', '/dev/null', '-w', '%{http_code}', '-X', method, ...lines, '--data-binary', `@${file}`]
      // It ends with 55 or 56 when the connection breaks, which makes execFile throw.
      const { stdout } = await promisify(execFile)('curl', [...args, `${marina.url}${path}`])
      assert.equal(stdout, String(status), `${method} ${path}`)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
})

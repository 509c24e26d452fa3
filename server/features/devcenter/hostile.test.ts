import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { expectAnswer } from '../../testing/http.ts'
import { openTestMarina } from '../../testing/server.ts'

// A stream of events would last.
const marina = await openTestMarina({ MARINA_STREAM_TIME: '100ms' })
after(() => marina[Symbol.asyncDispose]())
const { admin, ask } = marina

type Schema = { type?: string; properties?: Record<string, Schema>; items?: Schema }
type Operation = {
  operationId: string
  parameters?: { name: string; in: string }[]
  requestBody?: { content: Record<string, { schema: Schema }> }
}

const texts = [
  '%00',
  'a%00b',
  '%27%22%5C%3B--',
  '..%2F..%2Fetc',
  '%F0%9F%92%A9',
  '%25',
  '_',
  '-1',
  '0',
  '9007199254740993',
  '1e309',
  'NaN',
  'null',
  'x'.repeat(300),
  '%ED%A0%80',
  '__proto__',
  'constructor',
  '%5Ba~b%5D',
  'name%3D%5B~%5D',
  '%7B%7D',
]
const values: unknown[] = [
  null,
  0,
  -1,
  1.5,
  1e300,
  '',
  'a\0b',
  '\uD800',
  'x'.repeat(5000),
  [],
  [null],
  {},
  { toString: 1 },
  true,
  '__proto__',
]
const bodies = [
  '',
  '{',
  '[]',
  'null',
  '"x"',
  '0',
  '[{}]',
  '{"__proto__":{"isAdmin":true}}',
  '{"constructor":{"prototype":{"x":1}}}',
  `${'['.repeat(5000)}${']'.repeat(5000)}`,
  '\u0000',
  '{"a":1,"a":2}',
  `{"a":${'['.repeat(300_000)}${']'.repeat(300_000)}}`,
]

/** Bodies that are right but for one property, which has a hostile value. */
function* spoiled(schema: Schema): Generator {
  for (const [name, one] of Object.entries(schema.properties ?? {})) {
    for (const value of values) yield { project_name: 'spoiled', name: 'spoiled', scope: 'g', [name]: value }
    if (one.properties) for (const inner of spoiled(one)) yield { project_name: 'spoiled', [name]: inner }
    if (one.items) for (const inner of spoiled(one.items)) yield { [name]: [inner] }
  }
}

test('hostile input to any operation gets an answer that is no 5xx but 503, and changes no prototype', async () => {
  const { paths } = expectAnswer(await ask('GET', '/api/v2.0/openapi.json'), 200).json() as {
    paths: Record<string, Record<string, Operation>>
  }
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, one]) => ({ path, method: method.toUpperCase(), ...one })),
  )
  assert.ok(operations.length > 30)
  const bad: string[] = []
  const tell = async (method: string, path: string, body?: string) => {
    const answer = await ask(method, `/api/v2.0${path}`, {
      as: admin,
      ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
    })
    if (answer.status >= 500 && answer.status !== 503)
      bad.push(`${method} ${path.slice(0, 120)} ${body?.slice(0, 80) ?? ''} → ${answer.status}`)
  }
  for (const { method, path, parameters = [], requestBody } of operations) {
    const fill = (text: string) => path.replaceAll(/\{\w+\}/g, text)
    const query = parameters.filter((one) => one.in === 'query').map(({ name }) => name)
    for (const text of texts) {
      await tell(method, fill(text), requestBody && '{}')
      for (const name of query) await tell(method, `${fill('1')}?${name}=${text}`, requestBody && '{}')
    }
    if (!requestBody) continue
    const schema = Object.values(requestBody.content)[0]!.schema
    for (const body of [...bodies, ...[...spoiled(schema)].map((one) => JSON.stringify(one))])
      await tell(method, fill('1'), body)
  }
  assert.deepEqual(bad, [])
  assert.equal(({} as Record<string, unknown>)['isAdmin'], undefined)
})

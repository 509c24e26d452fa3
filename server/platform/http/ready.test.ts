import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { giveBack, readyText } from './ready.ts'
import { serializedOnUse } from './schemas.ts'

const value = {
  type: 'object',
  patternProperties: {
    '^.*$': { type: 'object', properties: { total: { type: 'integer' }, word: { type: 'string' } } },
  },
}
const listOf = (one: object) => ({
  type: 'array',
  items: {
    type: 'object',
    required: ['id'],
    properties: { id: { type: 'integer' }, name: { type: 'string' }, found: one, after: { type: 'string' } },
  },
})
const plain = serializedOnUse(listOf(value))
const ready = serializedOnUse(listOf({ ...value, 'x-ready-text': true }))

/** Names that a careless search for the place of a text would take for one, and letters of two to four bytes. */
const names = ['plain', '\u0001', '"\u0001"', '\\u0001', 'é 漢 🐳', '"found":', '']
const rows = names.flatMap((name, index) => [
  { id: index, name, found: { 'a/b; c=1': { total: index, word: `ü${name}` } }, after: name },
  { id: index, name },
])

test('an answer with ready texts has the bytes that its schema gives to the values', () => {
  const texts = rows.map(({ found, ...row }) => (found ? { ...row, found: readyText(JSON.stringify(found)) } : row))
  const bytes = ready(texts)
  assert.equal(bytes.toString(), plain(rows))
  assert.deepEqual(JSON.parse(bytes.toString()), rows)
})

test('so has one that is longer than what is written at once', () => {
  const many = Array.from({ length: 1000 }, (_, index) => rows[index % rows.length]!)
  const bytes = ready(many.map((row) => (row.found ? { ...row, found: readyText(JSON.stringify(row.found)) } : row)))
  assert.ok(bytes.length > 50_000)
  assert.equal(bytes.toString(), plain(many))
})

test('an answer without ready texts, and one after an answer that failed, are complete', () => {
  assert.equal(ready([{ id: 1, name: 'a' }]).toString(), '[{"id":1,"name":"a"}]')
  assert.throws(() => ready([{ id: 1, found: readyText('{}') }, { name: 'no id' }]), /id.* is required/)
  assert.equal(ready([{ id: 2, found: readyText('{"a":{}}') }]).toString(), '[{"id":2,"found":{"a":{}}}]')
})

/** An answer of more than 100 KB in which `word` stands everywhere. */
const longOne = (word: string): Buffer => {
  const found = readyText(JSON.stringify({ a: { total: 1, word: word.repeat(20) } }))
  const bytes = ready(Array.from({ length: 1000 }, (_, id) => ({ id, name: word, found })))
  assert.ok(Buffer.isBuffer(bytes) && bytes.length > 100_000)
  return bytes
}

test('the memory of a long answer is used again once it was given back, and not before', () => {
  const [first, second] = [longOne('first'), longOne('second')]
  assert.notEqual(first.buffer, second.buffer)
  const said = second.toString()
  giveBack(first)
  const third = longOne('third')
  assert.equal(third.buffer, first.buffer)
  assert.deepEqual([second.toString(), third.toString()], [said, said.replaceAll('second', 'third')])
})

test('clients that read late, or hang up, get no bytes of the answers of others', async () => {
  // More than the sockets of a connection hold: the answers behind it wait in their memory.
  const filler = Buffer.alloc(30_000_000)
  const server = createServer((request, response) => {
    if (request.url === '/filler') return void response.end(filler)
    const bytes = longOne(request.url!.slice(1))
    response.once('close', () => giveBack(bytes))
    response.end(bytes)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  try {
    const late = connect(port, '127.0.0.1').pause()
    const times = 4
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`
    late.write(get('/filler') + get('/late').repeat(times))
    for (let round = 0; round < 50; round++) {
      const gone = connect(port, '127.0.0.1').pause()
      gone.write(get('/gone').repeat(5))
      const answers = await Promise.all(
        ['one', 'two', 'three'].map(async (word) => (await fetch(`http://127.0.0.1:${port}/${word}`)).text()),
      )
      assert.deepEqual(
        answers,
        ['one', 'two', 'three'].map((word) => longOne(word).toString()),
      )
      gone.destroy()
    }
    const wanted = longOne('late').toString()
    const chunks: Buffer[] = []
    let length = 0
    const enough = filler.length + times * wanted.length
    await new Promise<void>((resolve) => {
      late.on('data', (bytes: Buffer) => {
        chunks.push(bytes)
        if ((length += bytes.length) > enough) resolve()
      })
      late.resume()
    })
    // The last answer may lack its last bytes still.
    const got = Buffer.concat(chunks).subarray(filler.length).toString('latin1')
    assert.ok(got.split(wanted).length > times - 1)
    late.destroy()
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { bytesOf, JsonBytes, textOf } from './ready.ts'
import { giveBack } from './slabs.ts'

/** Letters of one to four bytes, and half of a letter that takes two UTF-16 units. */
const texts = ['plain', '', 'é', '\u0001"\\', '漢', '🐳', '\ud83d']

test('an answer has the bytes of its pieces, whichever way they are added', () => {
  const bytes = new JsonBytes()
  for (const text of texts) bytes.addText(text).addBytes('|').addBytes(bytesOf(text)).addBytes('|')
  const wanted = texts.map((text) => `${text}|${text}|`).join('')
  assert.equal(bytes.length, Buffer.byteLength(wanted))
  const start = bytes.length
  bytes.addText('漢字').repeat(start, 3)
  assert.deepEqual(bytes.finish().bytes, Buffer.from(`${wanted}漢字漢`))
})

test('so has one that is longer than the memory that it begins in', () => {
  const word = 'é漢🐳'.repeat(1000)
  const bytes = new JsonBytes()
  for (let count = 0; count < 100; count++) bytes.addText(word).addBytes('abc').repeat(0, 2)
  const made = bytes.finish().bytes
  assert.ok(made.length > 800_000)
  assert.deepEqual(made, Buffer.from(`${word}abcé`.repeat(100)))
})

test('bytes as Latin-1 give the text again, and ASCII is the same string', () => {
  for (const text of [...texts.slice(0, -1), 'ÿ\u0080é', '漢'.repeat(1000)]) {
    assert.equal(textOf(bytesOf(text)), text)
    assert.equal(bytesOf(text).length, Buffer.byteLength(text))
  }
  assert.equal(bytesOf('plain'), 'plain')
})

/** An answer of more than 50 KB in which `word` stands everywhere. */
function longOne(word: string): Buffer {
  const bytes = new JsonBytes()
  for (let id = 0; id < 1000; id++) bytes.addText(`{"id":${id},"word":"${word.repeat(20)}"},`)
  const made = bytes.finish().bytes
  assert.ok(made.length > 50_000)
  return made
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

test('a short answer has memory of its own, so that a slow reader holds no more than it', () => {
  const short = new JsonBytes().addText('{}').finish().bytes
  const long = longOne('first')
  giveBack(short)
  assert.notEqual(short.buffer, long.buffer)
  assert.equal(short.toString(), '{}')
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

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { fresh, pushBlob, pushImage } from '../testing/given.ts'
import { expectAnswer } from '../testing/http.ts'
import { openScene } from '../testing/scene.ts'

const { marina, cast } = await openScene()
const ask = (method: string, path: string, headers: Record<string, string>) =>
  marina.ask(method, path, { as: marina.admin, headers })
const bytes = randomBytes(300_000)
const repository = `${cast.P.name}/${fresh('repo')}`
const digest = await pushBlob(marina, repository, bytes)
const path = `/v2/${repository}/blobs/${digest}`

/** The parts of a multipart/byteranges answer: the Content-Range and bytes of each. */
function partsOf(type: string, body: Buffer): [string, Buffer][] {
  const boundary = /^multipart\/byteranges; boundary=(\w+)$/.exec(type)![1]!
  const parts = body.toString('latin1').split(new RegExp(`(?:^|\r\n)--${boundary}`))
  assert.deepEqual([parts[0], parts.at(-1)], ['', '--\r\n'])
  return parts.slice(1, -1).map((part) => {
    const [head, ...rest] = part.split('\r\n\r\n')
    assert.match(head!, /content-type: application\/octet-stream/)
    return [/content-range: (.*)/.exec(head!)![1]!, Buffer.from(rest.join('\r\n\r\n'), 'latin1')]
  })
}

test('C-67: several ranges are answered as parts of one answer, in the order of the request', async () => {
  for (const range of ['bytes=4096-8191,0-1023', 'Bytes= 4096-8191 , 0-1023, 300000-']) {
    const answer = expectAnswer(await ask('GET', path, { range }), 206)
    assert.equal(answer.headers['content-length'], String(answer.body.length))
    assert.deepEqual(partsOf(answer.headers['content-type']!, answer.body), [
      ['bytes 4096-8191/300000', bytes.subarray(4096, 8192)],
      ['bytes 0-1023/300000', bytes.subarray(0, 1024)],
    ])
  }
  const many = Array.from({ length: 1024 }, (_, at) => `${at * 2}-${at * 2}`).join(',')
  const answer = expectAnswer(await ask('GET', path, { range: `bytes=${many}` }), 206)
  assert.equal(partsOf(answer.headers['content-type']!, answer.body).length, 1024)
})

test('C-67: a single satisfiable range is sent by itself, and for overlapping ranges the whole is sent', async () => {
  const one = expectAnswer(await ask('GET', path, { range: 'bytes=0-3,300000-' }), 206)
  assert.deepEqual([one.headers['content-range'], one.body], ['bytes 0-3/300000', bytes.subarray(0, 4)])
  assert.equal(expectAnswer(await ask('GET', path, { range: 'bytes=0-3,2-5' }), 200).body.length, bytes.length)
  expectAnswer(await ask('GET', path, { range: 'bytes=300000-,400000-' }), 416, 'RANGE_INVALID')
})

test('a range whose If-Range names other bytes is ignored', async () => {
  const range = 'bytes=0-3'
  for (const condition of ['"sha256:other"', 'Wed, 21 Oct 2015 07:28:00 GMT', `W/"${digest}"`])
    assert.deepEqual(expectAnswer(await ask('GET', path, { range, 'if-range': condition }), 200).body, bytes)
  assert.equal(expectAnswer(await ask('GET', path, { range, 'if-range': `"${digest}"` }), 206).body.length, 4)
})

test('a blob or manifest is 412 when If-Match names other bytes', async () => {
  const image = await pushImage(marina, repository, { tag: 'v1' })
  for (const [place, tag] of [
    [path, digest],
    [`/v2/${repository}/manifests/v1`, image.digest],
  ] as const) {
    expectAnswer(await ask('GET', place, { 'if-match': '"sha256:nope"' }), 412, 'PRECONDITION')
    expectAnswer(await ask('GET', place, { 'if-match': `W/"${tag}"` }), 412, 'PRECONDITION')
    assert.equal((await ask('HEAD', place, { 'if-match': '"sha256:nope"' })).status, 412)
    for (const condition of ['*', `"${tag}"`, `"other", "${tag}"`])
      expectAnswer(await ask('GET', place, { 'if-match': condition }), 200)
  }
})

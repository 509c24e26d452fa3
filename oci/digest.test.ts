import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { algorithmOf, digestOf, finishDigest, hexOf, isDigest, parseDigest } from './digest.ts'
import { OciError } from './errors.ts'

const hex = (length: number) => 'a1'.repeat(length / 2)

test('sha256 and sha512 digests in lower case are digests', () => {
  for (const text of [`sha256:${hex(64)}`, `sha512:${hex(128)}`]) assert.equal(parseDigest(text), text)
})

test('a text that only looks like a digest is not one', () => {
  const wrong = [
    '',
    'sha256',
    'sha256:',
    `sha256:${hex(62)}`,
    `sha256:${hex(66)}`,
    `sha256:${hex(128)}`,
    `sha512:${hex(64)}`,
    `SHA256:${hex(64)}`,
    `sha256:${hex(64).toUpperCase()}`,
    `sha256:${'g'.repeat(64)}`,
    ` sha256:${hex(64)}`,
    `sha256:${hex(64)}\n`,
    `sha256:${hex(64)} `,
    `sha256-${hex(64)}`,
    `sha384:${hex(96)}`,
    `md5:${hex(32)}`,
    `sha256:${hex(64)}/..`,
    `sha256:../${hex(60)}a`,
    `sha256:${hex(63)}а`,
    `sha256+b64:${hex(64)}`,
    `sha256:sha256:${hex(64)}`,
    hex(64),
  ]
  for (const text of wrong) {
    assert.equal(isDigest(text), false, JSON.stringify(text))
    assert.throws(
      () => parseDigest(text),
      (error) => error instanceof OciError && error.code === 'DIGEST_INVALID',
      JSON.stringify(text),
    )
  }
})

test('a very long text is refused with a short excerpt', () => {
  assert.throws(
    () => parseDigest(`sha256:${'a'.repeat(1e6)}`),
    (error) => error instanceof OciError && JSON.stringify(error.detail).length < 200,
  )
})

test('the digest of bytes is the SHA-2 of them', () => {
  const empty = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
  assert.equal(digestOf(Buffer.alloc(0)), empty)
  assert.equal(digestOf(Buffer.from('abc'), 'sha512').slice(0, 23), 'sha512:ddaf35a193617aba')
  assert.equal(finishDigest(createHash('sha256').update('a').update('bc'), 'sha256'), digestOf(Buffer.from('abc')))
  assert.deepEqual(
    [algorithmOf(digestOf(Buffer.alloc(0))), hexOf(digestOf(Buffer.alloc(0)))],
    ['sha256', empty.slice(7)],
  )
  assert.equal(algorithmOf(digestOf(Buffer.alloc(0), 'sha512')), 'sha512')
})

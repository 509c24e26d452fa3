import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readChallenges } from './challenge.ts'

const read = (header: string | undefined) =>
  readChallenges(header).map(({ scheme, params }) => ({ scheme, ...Object.fromEntries(params) }))

test('a challenge has parameters as tokens and as quoted strings, with spaces around the equals sign', () => {
  assert.deepEqual(
    read(
      'Bearer realm="https://auth.example/token?a=b,c",service=registry.example , SCOPE = "repository:a/b:pull,push"',
    ),
    [
      {
        scheme: 'bearer',
        realm: 'https://auth.example/token?a=b,c',
        service: 'registry.example',
        scope: 'repository:a/b:pull,push',
      },
    ],
  )
  assert.deepEqual(read('bearer realm="say \\"a\\\\b\\""'), [{ scheme: 'bearer', realm: 'say "a\\b"' }])
})

test('a header may hold several challenges, with and without parameters, and empty elements', () => {
  assert.deepEqual(read('Negotiate, Basic realm="a, Bearer realm=b", , Bearer realm="https://t/",service=s'), [
    { scheme: 'negotiate' },
    { scheme: 'basic', realm: 'a, Bearer realm=b' },
    { scheme: 'bearer', realm: 'https://t/', service: 's' },
  ])
  assert.deepEqual(read('NTLM TlRMTVNTUAAB==, Basic realm=x'), [{ scheme: 'ntlm' }, { scheme: 'basic', realm: 'x' }])
})

test('what breaks the grammar ends the list, quickly, and the first of two parameters counts', () => {
  assert.deepEqual(read(undefined), [])
  assert.deepEqual(read(''), [])
  assert.deepEqual(read('Basic realm="open'), [{ scheme: 'basic' }])
  assert.deepEqual(read('Bearer realm="a", realm="b"'), [{ scheme: 'bearer', realm: 'a' }])
  const before = process.cpuUsage()
  for (const hostile of [
    '"'.repeat(100_000),
    `a ${'='.repeat(100_000)}`,
    `a ${'b=c,'.repeat(50_000)}`,
    'a '.repeat(50_000),
  ])
    read(hostile)
  assert.ok(process.cpuUsage(before).user < 2_000_000)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RemoteFailed, type RemoteReason } from '../../remote/failed.ts'
import { openBreaker } from './breaker.ts'

const failure = (reason: RemoteReason, retryAfterMs?: number) =>
  new RemoteFailed({ reason, endpoint: 'up', call: 'GET /', retryAfterMs }, 'no')

function open() {
  let now = 0
  const breaker = openBreaker({ failures: 3, pauseMs: 100 }, () => now)
  return { breaker, pass: (ms: number) => void (now += ms) }
}

test('after three failures in a row an upstream is left alone, then tried by one caller', () => {
  const { breaker, pass } = open()
  for (const reason of ['silent', 'silent', 'unreachable'] as const) {
    assert.equal(breaker.pausedMs(1), 0)
    pass(1000)
    // Those of calls that were under way together count once.
    for (let count = 0; count < 50; count++) breaker.failed(1, failure(reason))
  }
  assert.deepEqual([breaker.pausedMs(1), breaker.pausedMs(2), breaker.troubleOf(2)], [100, 0, undefined])
  const { message, pausedUntil } = breaker.troubleOf(1)!
  assert.equal(message, 'up: GET /: no')
  assert.ok(pausedUntil! > new Date(0))
  pass(100)
  assert.equal(breaker.pausedMs(1), 0, 'one caller tries')
  assert.equal(breaker.pausedMs(1), 100, 'the others wait')
  for (let count = 0; count < 50; count++) breaker.failed(1, failure('silent'))
  assert.equal(breaker.pausedMs(1), 200, 'the pause doubles')
  pass(200)
  assert.equal(breaker.pausedMs(1), 0)
  breaker.worked(1)
  assert.deepEqual([breaker.pausedMs(1), breaker.troubleOf(1)], [0, undefined])
})

test('failures that are about one repository or one credential do not count; others between start anew', () => {
  const { breaker, pass } = open()
  for (const reason of ['unauthorized', 'denied', 'lied', 'rejected'] as const)
    for (let count = 0; count < 5; count++) breaker.failed(1, failure(reason))
  assert.equal(breaker.pausedMs(1), 0)
  for (let count = 0; count < 5; count++) {
    pass(1000)
    breaker.failed(1, failure('broken'))
    pass(1000)
    breaker.failed(1, failure('broken'))
    breaker.worked(1)
    assert.equal(breaker.pausedMs(1), 0)
  }
})

test('a pause that the upstream asks for is kept from the first time', () => {
  const { breaker, pass } = open()
  breaker.failed(1, failure('throttled', 5000))
  assert.deepEqual([breaker.pausedMs(1), breaker.isThrottled(1)], [5000, true])
  pass(4000)
  assert.equal(breaker.pausedMs(1), 1000)
})

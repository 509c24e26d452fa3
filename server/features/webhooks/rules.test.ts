import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventIdOf } from '../../platform/events/event-id.ts'
import { openYield, takesArtifact } from '../../catalog/selector.ts'
import { eventTypes, isEventType, type HookEvent } from './events.ts'
import { judge, standingAfter, type DeliveryRules } from './outcome.ts'
import { pauseAfter, retryAfterMs, selectorOf } from './rules.ts'
import type { Sent } from './send.ts'
import { senders } from './senders/senders.ts'
import { BadTemplate, checkTemplate, renderTemplate } from './template.ts'

const event = (more: Partial<HookEvent> = {}): HookEvent => ({
  id: 'e-1',
  type: 'PUSH_ARTIFACT',
  occurredAt: new Date('2026-11-21T10:00:00.500Z'),
  operator: 'alice',
  projectId: 7,
  data: {
    resources: [{ digest: 'sha256:d', tag: 'v1', resource_url: 'r/p/a:v1' }],
    repository: { name: 'a', namespace: 'p', repo_full_name: 'p/a', repo_type: 'private' },
  },
  ...more,
})
const rules: DeliveryRules = {
  tries: 3,
  backOffMs: 1000,
  mostMs: 60_000,
  timeoutMs: 3000,
  answerBytes: 100,
  pauseAfter: 4,
  probeMs: 5000,
}

test('a template is filled in at its placeholders, and an event cannot break out of a string', () => {
  const render = (template: unknown, more?: Partial<HookEvent>) =>
    JSON.parse(renderTemplate(JSON.stringify(template), event(more))) as unknown
  assert.deepEqual(
    render({
      a: '{{repository}}:{{ tag }}',
      b: ['{{occur_at}}', '{{event_data}}', 7, null, true],
      '{{type}}': 'x {{occur_at}} {}',
    }),
    { a: 'p/a:v1', b: [1795255200, event().data, 7, null, true], '{{type}}': 'x 1795255200 {}' },
  )
  const evil = '"},{"admin":true,"x":"\\ {{id}} $& $1'
  assert.deepEqual(render({ who: 'by {{operator}}!', all: '{{operator}}' }, { operator: evil }), {
    who: `by ${evil}!`,
    all: evil,
  })
  assert.deepEqual(render('{{tag}}{{digest}}{{project}}', { data: {} }), '')
  const whole = (count: number) => JSON.stringify(Array.from({ length: count }, () => '{{ event_data }}'))
  checkTemplate(whole(3))
  assert.throws(() => checkTemplate(whole(4)), BadTemplate, 'an event may be long')
  for (const bad of ['', '{', '{"a": "{{nobody}}"}', '{"a": "{{constructor}}"}', '{"a": "{{}}"}'])
    assert.throws(() => checkTemplate(bad), BadTemplate, bad)
})

test('X27: a template takes time linear in its length, whatever stands between its braces', () => {
  for (const text of ['{{' + ' '.repeat(2000), '{{ '.repeat(2000), '{{' + ' x'.repeat(2000) + '}']) {
    const begun = process.cpuUsage()
    checkTemplate(JSON.stringify(text))
    assert.equal(renderTemplate(JSON.stringify(text), event()), JSON.stringify(text))
    assert.ok(process.cpuUsage(begun).user < 500_000, text.slice(0, 10))
  }
})

test('each kind of target renders JSON for every type of event, whatever a name holds', () => {
  const names = ['"', '\\', '`', '<!channel>', '[x](javascript:alert(1))', '\u2028', '{{id}}', 'x'.repeat(5000)]
  for (const sender of senders) {
    for (const type of Object.keys(eventTypes).filter(isEventType)) {
      for (const operator of names) {
        for (const data of [{}, { custom_attributes: { [operator]: operator } }, event().data]) {
          for (const format of [...sender.formats, '']) {
            const { body, contentType } = sender.render(event({ type, operator, data }), {
              format,
              template: '{"a":"{{operator}}"}',
              policyId: 1,
            })
            assert.ok(typeof JSON.parse(body) === 'object' && contentType.startsWith('application/'))
            if (sender.type === 'slack') assert.ok(!body.includes('<!channel>'), body)
            if (sender.type === 'teams') assert.ok(!body.includes('[x](java'), body)
          }
        }
      }
    }
  }
})

test('the back-off doubles up to a bound, and Retry-After (seconds or a date) has the same bound', () => {
  assert.deepEqual(
    [1, 2, 3, 6, 7, 1000].map((failed) => pauseAfter(rules, failed)),
    [1000, 2000, 4000, 32_000, 60_000, 60_000],
  )
  assert.deepEqual([pauseAfter(rules, 1, 7000), pauseAfter(rules, 1, 10 ** 9)], [7000, 60_000])
  const now = new Date('2026-11-21T10:00:00Z')
  const asked: [string | undefined, number | undefined][] = [
    ['120', 120_000],
    [' 1 ', 1000],
    ['9999999999', 9_999_999_999_000],
    ['9'.repeat(400), Infinity],
    ['Sat, 21 Nov 2026 10:00:30 GMT', 30_000],
    ['Sat, 21 Nov 2026 09:00:00 GMT', 0],
    ['soon', undefined],
    ['-5x', undefined],
    [undefined, undefined],
    ['', undefined],
  ]
  for (const [text, ms] of asked) assert.equal(retryAfterMs(text, now), ms, String(text))
})

test('an empty filter matches everything; a tag filter matches when one tag of the event does', async () => {
  const takes = (repositories: string, tags: string, repository: string, all: string[]) =>
    takesArtifact(openYield(), selectorOf({ repositories, tags }), repository, all)
  assert.deepEqual(
    await Promise.all([
      takes('', '', 'a/b', []),
      takes('a/**', '', 'a/b', []),
      takes('a/*', '', 'b', ['x']),
      takes('', 'v*', 'a', ['x', 'v1']),
      takes('', 'v*', 'a', ['x']),
      takes('', 'v*', 'a', []),
    ]),
    [true, true, false, true, false, false],
  )
})

test('an event id is a UUID that belongs to one fact and never changes', () => {
  const fact = { id: 5, topic: 'artifact.pushed', payload: { repository: 'p/a' } }
  assert.match(eventIdOf(fact), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.equal(eventIdOf({ ...fact }), eventIdOf(fact))
  assert.equal(
    new Set([fact, { ...fact, id: 6 }, { ...fact, topic: 'artifact.pulled' }, { ...fact, payload: {} }].map(eventIdOf))
      .size,
    4,
  )
})

test('a target rests longer after each failed round, is then paused, and is reset by a success', () => {
  const at = new Date()
  const waiting = {
    id: 1,
    orderedBy: 'r',
    eventType: 'PUSH_ARTIFACT',
    eventId: 'e',
    contentType: 'application/json',
    body: '{}',
    tries: 0,
    triedAt: null,
    dueAt: 0,
  }
  const answered = (status: number, headers: Record<string, string> = {}): Sent => ({
    kind: 'answered',
    headers: {},
    at,
    took: 5,
    reply: { status, headers, body: Buffer.from('x'), isCut: false },
  })
  const round = (failedRounds: number, isProbe: boolean, ...sent: Sent[]) =>
    standingAfter(
      { failedRounds, isProbe },
      sent.map((one) => judge({ delivery: waiting, sent: one }, rules, isProbe)),
      rules,
    )
  const restOf = ({ restsUntil }: { restsUntil: Date | null }) =>
    restsUntil ? Math.round((restsUntil.getTime() - at.getTime()) / 1000) : 0
  const bad = answered(500)
  assert.deepEqual(
    [0, 1, 2].map((failed) => [restOf(round(failed, false, bad)), round(failed, false, bad).pausedWhy]),
    [
      [1, ''],
      [2, ''],
      [4, ''],
    ],
  )
  assert.deepEqual(
    [restOf(round(3, false, bad)), round(3, false, bad).pausedWhy],
    [5, '4 tries in a row failed, the last one: answered with 500'],
  )
  assert.equal(
    round(40, true, { kind: 'failed', at, took: 1, headers: {}, why: 'nobody listens there' }).pausedWhy,
    '41 tries in a row failed, the last one: nobody listens there',
  )
  assert.deepEqual(round(40, true, answered(204)), { failedRounds: 0, restsUntil: null, pausedWhy: '' })
  assert.deepEqual(round(2, false, bad, answered(200)), { failedRounds: 0, restsUntil: null, pausedWhy: '' })
  assert.deepEqual(
    ['30', '9999999999', '9'.repeat(400)].map((seconds) =>
      restOf(round(0, false, answered(503, { 'retry-after': seconds }))),
    ),
    [30, 60, 60],
  )
  const last = (sent: Sent, isProbe: boolean) => {
    const { status, counts } = judge({ delivery: { ...waiting, tries: 2 }, sent }, rules, isProbe).result
    return `${status} ${counts}`
  }
  assert.equal(last(bad, false), 'Error true')
  // A receiver that is down or busy costs a delivery none of its tries; one that refuses the delivery is up.
  for (const sent of [
    ...[301, 408, 429, 500, 503].map((status) => answered(status)),
    { kind: 'failed', at, took: 1, headers: {}, why: 'nobody listens there' } as const,
  ])
    assert.equal(last(sent, true), 'Pending false')
  for (const status of [400, 404, 422, 499]) assert.equal(last(answered(status), true), 'Error true', String(status))
  assert.equal(last(answered(200), true), 'Success true')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '../../testing/api.ts'
import { fresh } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { messageOf, openPolicyScene, policiesPath as path, type Shown } from './replication.suite.ts'

const { marina, endpoint, post, read, least } = await openPolicyScene()

test('S3-08: exactly one side is another registry', async () => {
  const both = "either src_registry or dest_registry should be empty and the other one shouldn't be empty"
  for (const sides of [
    {},
    { src_registry: { id: endpoint }, dest_registry: { id: endpoint } },
    { src_registry: { id: 0 }, dest_registry: { id: 0 } },
    { dest_registry: { name: 'x' } },
  ])
    assert.equal(messageOf(expectAnswer(await post({ name: fresh('p'), ...sides }), 400, 'BAD_REQUEST')), both)
  const unknown = expectAnswer(await post({ name: fresh('p'), dest_registry: { id: 99999 } }), 404, 'NOT_FOUND')
  assert.equal(messageOf(unknown), 'registry 99999 not found')
  const { src_registry: source, dest_registry: target } = await read(
    await create(marina, path, marina.admin, { name: fresh('pull'), src_registry: { id: endpoint } }),
  )
  assert.deepEqual([(source as Shown).id, (target as Shown).id], [endpoint, 0])
})

test('S3-07: what Harbor refuses is refused in its words', async () => {
  const filter = (type: unknown, value: unknown, decoration?: string) => ({
    filters: [{ ...(type === undefined ? {} : { type }), value, ...(decoration ? { decoration } : {}) }],
  })
  const cases: [object, string][] = [
    [{ name: '' }, 'empty name'],
    [filter('nope', 'x'), 'invalid filter type'],
    [filter(undefined, 'x'), 'invalid filter type'],
    [filter('name', 5), "the type of filter value isn't string"],
    [filter('name', ['a']), "the type of filter value isn't string"],
    [filter('name', null), "the type of filter value isn't string"],
    [filter('name', 'a', 'excludes'), 'only tag and label filter support decoration'],
    [filter('tag', 'x', 'nope'), 'invalid filter decoration, :nope'],
    [filter('label', 'x'), "the type of label filter value isn't string slice"],
    [filter('label', [1]), "the type of label filter value isn't string slice"],
    [filter('resource', 'chart'), 'invalid resource filter: chart'],
    [filter('resource', ''), 'invalid resource filter: '],
    [{ trigger: { type: 'nope' } }, 'invalid trigger type'],
    [{ trigger: { type: '' } }, 'invalid trigger type'],
    [{ dest_namespace: 'UPPER space!' }, 'invalid destination namespace: UPPER space!'],
  ]
  for (const [more, message] of cases)
    assert.equal(messageOf(expectAnswer(await post({ ...least(), ...more }), 400, 'BAD_REQUEST')), message)
  for (const more of [
    { dest_namespace_replace_count: 200 },
    { speed: 99999999999 },
    { enabled: 'yes' },
    { filters: 'x' },
  ])
    assert.ok([400, 422].includes((await post({ ...least(), ...more })).status), JSON.stringify(more))
})

test('S3-09: a cron has six fields, the first 0 and the second no star; events allow no single run', async () => {
  const scheduled = (cron?: string) => ({
    trigger: { type: 'scheduled', ...(cron === undefined ? {} : { trigger_settings: { cron } }) },
  })
  const cases: [object, string][] = [
    [scheduled(), 'the cron string cannot be empty when the trigger type is scheduled'],
    [scheduled(''), 'the cron string cannot be empty when the trigger type is scheduled'],
    [scheduled('nope'), 'invalid cron string for scheduled trigger: nope'],
    [scheduled('* * * * *'), 'invalid cron string for scheduled trigger: * * * * *'],
    [scheduled('* * * * * *'), 'the 1st field (indicating Seconds of time) of the cron setting must be 0'],
    [scheduled('5 0 3 * * *'), 'the 1st field (indicating Seconds of time) of the cron setting must be 0'],
    [scheduled('0 * 3 * * *'), 'the 2nd field (indicating Minutes of time) of the cron setting cannot be *'],
  ]
  for (const [more, message] of cases)
    assert.equal(messageOf(expectAnswer(await post({ ...least(), ...more }), 400, 'BAD_REQUEST')), message)
  const single = { trigger: { type: 'event_based' }, single_active_replication: true }
  assert.match(
    messageOf(expectAnswer(await post({ ...least(), ...single }), 400, 'BAD_REQUEST')),
    /single_active_replication/,
  )
})

test('patterns, templates and platforms that cannot be used are refused when they are saved', async () => {
  const cases: [object, RegExp][] = [
    [{ filters: [{ type: 'name', value: '[a' }] }, /the name filter "\[a" cannot be read/],
    [{ filters: [{ type: 'tag', value: `{${'a'.repeat(2000)}}` }] }, /at most 1024 characters/],
    [{ dest_template: '{{nope}}' }, /dest_template holds \{\{nope\}\}/],
    [{ dest_template: 'x/y', dest_pattern: '(a+)+' }, /dest_pattern must not repeat a group/],
    [{ platforms: ['arm64'] }, /platforms holds "arm64"/],
    [{ name: 'n'.repeat(257) }, /name must have at most 256 characters/],
  ]
  for (const [more, message] of cases)
    assert.match(messageOf(expectAnswer(await post({ ...least(), ...more }), 400, 'BAD_REQUEST')), message)
})

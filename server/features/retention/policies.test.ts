import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { create, factsSince, givenRobot, lastFact } from '../../testing/api.ts'
import { fresh, givenMember, givenProject } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { matches, openRetention, policyOf, rule, type Rule } from './scene.suite.ts'

const { marina, rest, cast, admin, db, ask, get } = await openRetention()
const list = (path: string) => get<Record<string, unknown>[]>(path)

test('the templates and selectors are those of Harbor', async () => {
  const { templates, scope_selectors, tag_selectors } = (await get('/retentions/metadatas')) as {
    templates: { rule_template: string }[]
    scope_selectors: unknown
    tag_selectors: unknown
  }
  assert.deepEqual(
    templates.map((one) => one.rule_template),
    ['latestPushedK', 'latestPulledN', 'nDaysSinceLastPush', 'nDaysSinceLastPull', 'always'],
  )
  assert.deepEqual(templates[0], {
    action: 'retain',
    display_text: 'the most recently pushed # artifacts',
    params: [{ required: true, type: 'int', unit: 'COUNT' }],
    rule_template: 'latestPushedK',
  })
  assert.deepEqual(
    [scope_selectors, tag_selectors],
    [
      [{ decorations: ['repoMatches', 'repoExcludes'], display_text: 'Repositories', kind: 'doublestar' }],
      [{ decorations: ['matches', 'excludes'], display_text: 'Tags', kind: 'doublestar' }],
    ],
  )
})

test('a policy is made, read, changed and deleted as in Harbor, and the project names it (T-11)', async () => {
  const project = await givenProject(marina)
  const [since, given] = [
    await lastFact(marina),
    policyOf(project.id, [
      rule('latestPushedK', 1, { tag_selectors: matches('**', '{"untagged":false}') }),
      rule('always', undefined, { disabled: true, priority: 7 }),
    ]),
  ]
  const id = await create(marina, '/retentions', admin, given)
  assert.deepEqual(await get(`/retentions/${id}`), { ...given, id })
  assert.equal((await get(`/projects/${project.name}/metadatas/retention_id`))['retention_id'], String(id))
  assert.match(
    expectAnswer(await ask('POST', '/retentions', given), 400, 'BAD_REQUEST').text,
    new RegExp(`project ${project.id} already has retention policy ${id}`),
  )
  const changed = policyOf(project.id, [rule('nDaysSinceLastPull', 3)], {
    trigger: { kind: 'Schedule', settings: { cron: '0 0 3 * * *' } },
  })
  expectAnswer(await ask('PUT', `/retentions/${id}`, changed), 200)
  const { trigger, rules } = (await get(`/retentions/${id}`)) as { trigger: { settings: Rule }; rules: unknown }
  assert.deepEqual(rules, changed.rules)
  assert.match(String(trigger.settings['next_scheduled_time']), /T03:00:00.000Z$/)
  const schedules = await list('/schedules?page_size=100')
  assert.equal(schedules.filter((one) => one['vendor_type'] === 'RETENTION' && one['vendor_id'] === id).length, 1)
  assert.match(
    expectAnswer(await ask('PUT', `/retentions/${id}`, policyOf(cast.B.id, [])), 404, 'NOT_FOUND').text,
    new RegExp(`the retention policy id ${id} does not match`),
  )
  // A client that sends the whole project back, as Terraform does, names the policy that it has.
  const named = (retention_id: string) => ({ metadata: { retention_id, auto_scan: 'true' } })
  expectAnswer(await ask('PUT', `/projects/${project.name}`, named(String(id))), 200)
  expectAnswer(await ask('PUT', `/projects/${project.name}`, named('77')), 400, 'BAD_REQUEST')
  expectAnswer(await ask('DELETE', `/projects/${project.name}/metadatas/retention_id`), 400, 'BAD_REQUEST')
  expectAnswer(await ask('DELETE', `/retentions/${id}`), 200)
  expectAnswer(await ask('GET', `/retentions/${id}`), 404, 'NOT_FOUND')
  for (const [method, path] of [
    ['DELETE', ''],
    ['GET', '/executions'],
    ['POST', '/executions'],
  ] as const)
    assert.match(
      expectAnswer(
        await ask(method, `/retentions/${id}${path}`, method === 'POST' ? {} : undefined),
        400,
        'BAD_REQUEST',
      ).text,
      new RegExp(`no such Retention policy with id ${id}`),
    )
  assert.deepEqual(await get(`/projects/${project.name}/metadatas/retention_id`), {})
  assert.equal(
    (await list('/schedules?page_size=100')).some((one) => one['vendor_id'] === id),
    false,
  )
  assert.deepEqual(
    (await factsSince(marina, since)).map(({ topic }) => topic).filter((topic) => topic.startsWith('retention.')),
    ['retention.created', 'retention.scheduled', 'retention.changed', 'retention.deleted'],
  )
})

test('a policy that cannot be meant is refused, says why, and is not made', async () => {
  const { id } = await givenProject(marina)
  const wrong: [object, RegExp][] = [
    [{}, /scope is missing/],
    [policyOf(id, [], { scope: { level: 'repository', ref: id } }), /scope repository is not support/],
    [policyOf(0, []), /invalid Project id 0/],
    [policyOf(id, [], { algorithm: 'nope' }), /the algorithm must be or/],
    [policyOf(id, [], { trigger: { kind: 'nope' } }), /trigger.kind/],
    [
      policyOf(id, [], { trigger: { kind: 'Schedule', settings: { cron: '* * * * *' } } }),
      /invalid cron string for scheduled tag retention: \* \* \* \* \*/,
    ],
    [policyOf(id, [rule('nope')]), /rule 0: the template must be one of latestPushedK/],
    [policyOf(id, [rule('latestPushedK')]), /params.latestPushedK must be a number/],
    [policyOf(id, [rule('latestPushedK', -1)]), /params.latestPushedK must be a number/],
    [policyOf(id, [rule('always', undefined, { action: 'delete' })]), /the action must be retain/],
    [policyOf(id, [rule('always', undefined, { tag_selectors: matches('[') })]), /rule 0: /],
    [policyOf(id, [rule('always', undefined, { tag_selectors: matches('**', 'x') })]), /extras must be JSON/],
    [policyOf(id, [rule('always', undefined, { scope_selectors: { nope: [] } })]), /can only have repository/],
    [
      policyOf(
        id,
        Array.from({ length: 16 }, (_, k) => rule('latestPushedK', k)),
      ),
      /only 15 rules are allowed at most/,
    ],
  ]
  for (const [body, why] of wrong)
    assert.match(expectAnswer(await ask('POST', '/retentions', body), 400, 'BAD_REQUEST').text, why)
  assert.match(
    expectAnswer(await ask('POST', '/retentions', policyOf(id, [rule('always'), rule('always')])), 409, 'CONFLICT')
      .text,
    /rule 1 is conflict with rule 0/,
  )
  assert.equal(await db.row(sql`select id from retention_policy where project_id = ${id}`), undefined)
})

test('the policy decides who may do what with it: its project’s developers, and no outsider', async () => {
  const project = await givenProject(marina)
  const [developer, guest] = [
    await givenMember(marina, project, 'developer'),
    await givenMember(marina, project, 'guest'),
  ]
  const robot = await givenRobot(marina, fresh('r'), {
    project: project.name,
    access: [{ resource: 'tag-retention', action: 'read' }],
  })
  const body = policyOf(project.id, [rule('always')])
  for (const as of [guest, cast.uaB]) expectAnswer(await ask('POST', '/retentions', body, as), 403, 'FORBIDDEN')
  expectAnswer(await rest('POST', '/retentions', undefined, body), 401, 'UNAUTHORIZED')
  const id = await create(marina, '/retentions', developer, body)
  for (const [as, status] of [
    [developer, 200],
    [robot, 200],
    [guest, 403],
    [cast.uaB, 403],
  ] as const)
    assert.equal((await ask('GET', `/retentions/${id}`, undefined, as)).status, status)
  // Only administrators learn that a policy is absent.
  expectAnswer(await ask('GET', '/retentions/999999999', undefined, developer), 403, 'FORBIDDEN')
  expectAnswer(await ask('POST', `/retentions/${id}/executions`, { dry_run: true }, robot), 403, 'FORBIDDEN')
})

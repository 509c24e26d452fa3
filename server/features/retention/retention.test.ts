import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { create, factsSince, givenRobot, lastFact } from '../../testing/api.ts'
import { fresh, givenMember, givenProject, pushImage, pushIndex, pushReferrer } from '../../testing/given.ts'
import { eventually, expectAnswer, type Person } from '../../testing/http.ts'
import { openScene } from '../../testing/scene.ts'

const { marina, rest, cast } = await openScene()
const { admin } = marina
const { db } = marina.ground

type Rule = Record<string, unknown>
type Execution = {
  id: number
  policy_id: number
  status: string
  status_message: string
  trigger: string
  dry_run: boolean
}
const matches = (pattern: string, extras?: string) => [
  { kind: 'doublestar', decoration: 'matches', pattern, ...(extras === undefined ? {} : { extras }) },
]
const repositories = (pattern = '**') => ({
  repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern }],
})
const rule = (template: string, value?: number, more: Rule = {}): Rule => ({
  action: 'retain',
  template,
  ...(value === undefined ? {} : { params: { [template]: value } }),
  tag_selectors: matches('**'),
  scope_selectors: repositories(),
  ...more,
})
const policyOf = (ref: number, rules: Rule[], more: Rule = {}) => ({
  algorithm: 'or',
  rules,
  trigger: { kind: 'Schedule', settings: { cron: '' } },
  scope: { level: 'project', ref },
  ...more,
})
const ask = async (method: string, path: string, body?: unknown, as: Person | undefined = admin) =>
  rest(method, path, as, body)
const get = async (path: string) => expectAnswer(await ask('GET', path), 200).json() as Record<string, unknown>
const list = async (path: string) => expectAnswer(await ask('GET', path), 200).json() as Record<string, unknown>[]

/** Runs a policy and waits for its end; returns the execution. */
async function run(policy: number, body: object = { dry_run: false }, as: Person = admin) {
  const id = await create(marina, `/retentions/${policy}/executions`, as, body)
  return ended(policy, id)
}
const ended = (policy: number, id: number) =>
  eventually(async () => {
    const all = (await list(`/retentions/${policy}/executions?page_size=100`)) as Execution[]
    const found = all.find((one) => one.id === id)
    assert.ok(found && ['Success', 'Error', 'Stopped'].includes(found.status), JSON.stringify(found))
    return found
  })

async function tagsOf(repository: string): Promise<string[]> {
  const rows = await db.rows<{ name: string }>(sql`
    select tag.name from tag join repository on repository.id = tag.repository_id
    where repository.name = ${repository} order by tag.name`)
  return rows.map(({ name }) => name)
}

/** Makes what was pushed older by some days, as if it had been pushed then. */
const age = (digest: string, days: number) =>
  db.run(sql`
    with one as (
      update artifact set pushed_at = pushed_at - make_interval(days => ${days}) where digest = ${digest} returning id)
    update tag set pushed_at = pushed_at - make_interval(days => ${days}) from one where artifact_id = one.id`)

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

test('a dry run changes nothing; a run deletes what it says, spares immutable tags, and tells each task (T-12, T-13)', async () => {
  const project = await givenProject(marina)
  const [app, tmp] = [`${project.name}/app`, `${project.name}/tmp`]
  for (const tag of ['v1', 'rel-1', 'v2', 'v3']) await age((await pushImage(marina, app, { tag })).digest, 10)
  const newest = await pushImage(marina, app, { tag: 'v4' })
  await pushImage(marina, tmp, { tag: 't1' })
  expectAnswer(
    await ask('POST', `/projects/${project.name}/immutabletagrules`, {
      tag_selectors: matches('rel-*'),
      scope_selectors: repositories(),
    }),
    201,
  )
  const id = await create(
    marina,
    '/retentions',
    admin,
    policyOf(project.id, [rule('nDaysSinceLastPush', 3, { scope_selectors: repositories('app') })]),
  )
  const dry = await run(id, { dry_run: true })
  assert.deepEqual([dry.status, dry.dry_run, dry.trigger, dry.policy_id], ['Success', true, 'MANUAL', id])
  assert.deepEqual(await tagsOf(app), ['rel-1', 'v1', 'v2', 'v3', 'v4'])
  const since = await lastFact(marina)
  const real = await run(id)
  assert.deepEqual([await tagsOf(app), await tagsOf(tmp)], [['rel-1', 'v4'], ['t1']])
  const tasks = await list(`/retentions/${id}/executions/${real.id}/tasks`)
  assert.deepEqual(
    tasks.map((one) => [one['repository'], one['total'], one['retained'], one['status'], one['status_code']]),
    [['app', 5, 2, 'Success', 3]],
  )
  const log = expectAnswer(
    await ask('GET', `/retentions/${id}/executions/${real.id}/tasks/${String(tasks[0]!['id'])}`),
    200,
  ).text
  assert.match(log, new RegExp(`Run retention process. Repository: ${app} Rule Algorithm: or Dry Run: false`))
  assert.match(log, new RegExp(`Load 5 candidates from repository ${app}`))
  assert.match(log, new RegExp(`\\| ${newest.digest} \\| v4 +\\| image \\| .* \\| RETAIN +\\| rule 1: pushed `))
  assert.match(log, /\| v1 .* \| DEL /)
  assert.match(log, /\| rel-1 .* \| IMMUTABLE \|/)
  assert.match(log, new RegExp(`Retention error for artifact image:${app}:sha256:[0-9a-f]{64} : Immutable tag`))
  const done = (await factsSince(marina, since)).filter(({ topic }) => topic === 'retention.done')
  assert.deepEqual(
    done.map(({ payload }) => [payload['total'], payload['retained'], payload['deleted']]),
    [[5, 2, ['app:v3', 'app:v2', 'app:v1']]],
  )
  assert.deepEqual(
    (await list(`/retentions/${id}/executions`)).map((one) => one['id']),
    [real.id, dry.id],
  )
})

test('signatures go with their image; an index keeps its parts; its untagged parts go with it (T-14)', async () => {
  const project = await givenProject(marina)
  const app = `${project.name}/app`
  const signed = await pushImage(marina, app, { tag: 'signed' })
  await pushReferrer(marina, app, signed, { artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json' })
  const [alone, named] = [await pushImage(marina, app), await pushImage(marina, app, { tag: 'part' })]
  const index = await pushIndex(marina, app, [alone, named], { tag: 'keep-multi' })
  const old = await pushIndex(marina, app, [await pushImage(marina, app)], { tag: 'old-multi' })
  const id = await create(
    marina,
    '/retentions',
    admin,
    policyOf(project.id, [rule('always', undefined, { tag_selectors: matches('keep-*', '{"untagged":false}') })]),
  )
  await run(id)
  assert.deepEqual(await tagsOf(app), ['keep-multi', 'part'])
  const left = await db.rows<{ digest: string }>(sql`
    select digest from artifact join repository on repository.id = repository_id where repository.name = ${app}`)
  assert.deepEqual(
    left.map(({ digest }) => digest).toSorted(),
    [alone.digest, named.digest, index.digest].toSorted(),
    `left of ${old.digest} and ${signed.digest}`,
  )
})

test('a run that was asked to stop ends as Stopped; other actions and runs of other policies are refused', async () => {
  const project = await givenProject(marina)
  const [id, other] = [
    await create(marina, '/retentions', admin, policyOf(project.id, [rule('always')])),
    await create(marina, '/retentions', admin, policyOf((await givenProject(marina)).id, [])),
  ]
  const { id: eid } = await run(id, { dry_run: true })
  const at = `/retentions/${id}/executions/${eid}`
  expectAnswer(await ask('PATCH', at, { action: 'stop' }), 200)
  for (const body of [{ action: 'nope' }, {}])
    assert.match(expectAnswer(await ask('PATCH', at, body), 400, 'BAD_REQUEST').text, /action should be 'stop'/)
  for (const path of [`/retentions/${other}/executions/${eid}/tasks`, `/retentions/${id}/executions/999999999/tasks`])
    assert.match(expectAnswer(await ask('GET', path), 404, 'NOT_FOUND').text, /execution \d+ not found/)
  expectAnswer(await ask('GET', `${at}/tasks/999999999`), 404, 'NOT_FOUND')
  await pauseStart(async () => {
    const waiting = await create(marina, `/retentions/${id}/executions`, admin, { dry_run: true })
    const since = await lastFact(marina)
    expectAnswer(await ask('PATCH', `/retentions/${id}/executions/${waiting}`, { action: 'stop' }), 200)
    assert.equal((await ended(id, waiting)).status, 'Stopped')
    assert.deepEqual(
      (await factsSince(marina, since)).map(({ topic }) => topic),
      ['retention.stopped'],
    )
  })
})

/** Does work while no run can begin. */
async function pauseStart(work: () => Promise<void>): Promise<void> {
  expectAnswer(await ask('PUT', '/jobservice/queues/RETENTION_START', { action: 'pause' }), 200)
  try {
    await work()
  } finally {
    expectAnswer(await ask('PUT', '/jobservice/queues/RETENTION_START', { action: 'resume' }), 200)
  }
}

test('a schedule runs the policy by itself', async () => {
  const project = await givenProject(marina)
  const app = `${project.name}/app`
  await pushImage(marina, app, { tag: 'v1' })
  const id = await create(
    marina,
    '/retentions',
    admin,
    policyOf(project.id, [rule('nothing')], { trigger: { kind: 'Schedule', settings: { cron: '0 0 0 1 1 *' } } }),
  )
  await db.run(
    sql`update schedule set next_at = clock_timestamp() where vendor_type = 'RETENTION' and vendor_id = ${id}`,
  )
  const [execution] = await eventually(async () => {
    const all = await list(`/retentions/${id}/executions`)
    assert.equal(all[0]?.['status'], 'Success')
    return all
  })
  assert.deepEqual([execution!['trigger'], execution!['dry_run']], ['Schedule', false])
  assert.deepEqual(await tagsOf(app), [])
})

test('what was pushed, tagged or pulled after the plan was made stays', async () => {
  const project = await givenProject(marina)
  const app = `${project.name}/app`
  const image = await pushImage(marina, app, { tag: 'v1' })
  const { planRepository } = await import('./scan.ts')
  const { dropOne } = await import('./drop.ts')
  const repository = (await db.row<{ id: number; projectId: number; name: never }>(
    sql`select id, project_id as "projectId", name from repository where name = ${app}`,
  ))!
  const ruleSet = { decides: 'artifact', rules: [{ ...everything, action: 'delete' }] } as never
  const [outcome] = await planRepository(marina.ground, repository, ruleSet, new Date())
  assert.equal(outcome!.decision.isKept, false)
  expectAnswer(
    await ask('POST', `/projects/${project.name}/repositories/app/artifacts/${image.digest}/tags`, { name: 'late' }),
    201,
  )
  const by = { kind: 'system', id: null, name: 'test' } as const
  const why = await dropOne({ db, gates: { untag: [] }, by, repository, runId: 1 }, outcome!)
  assert.match(String(why), /was pushed again, tagged or put to use meanwhile/)
  assert.deepEqual(await tagsOf(app), ['late', 'v1'])
})

const everything = {
  position: 1,
  name: '',
  isDisabled: false,
  repositories: [],
  tags: [],
  labels: [],
  isSigned: null,
  pushedWithinDays: null,
  pulledWithinDays: null,
  notPushedDays: null,
  notPulledDays: null,
  newest: null,
}

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

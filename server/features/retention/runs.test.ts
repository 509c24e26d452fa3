import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { create, factsSince, lastFact } from '../../testing/api.ts'
import { givenProject, pushImage, pushIndex, pushReferrer } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { dropOne } from './drop.ts'
import { anything, type RuleSet } from './rules.ts'
import { planRepository } from './scan.ts'
import { matches, openRetention, policyOf, repositories, rule } from './scene.suite.ts'
import type { RepositoryRow } from './store.ts'

const { marina, admin, db, ask, get, ended, run, tagsOf } = await openRetention()
const list = (path: string) => get<Record<string, unknown>[]>(path)

/** Makes what was pushed older by some days, as if it had been pushed then. */
const age = (digest: string, days: number) =>
  db.run(sql`
    with one as (
      update artifact set pushed_at = pushed_at - make_interval(days => ${days}) where digest = ${digest} returning id)
    update tag set pushed_at = pushed_at - make_interval(days => ${days}) from one where artifact_id = one.id`)

test('a dry run changes nothing; a run deletes what it says and spares immutable tags (T-12, T-13)', async () => {
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
  const repository = (await db.row<RepositoryRow>(
    sql`select id, project_id as "projectId", name from repository where name = ${app}`,
  ))!
  const ruleSet: RuleSet = {
    decides: 'artifact',
    rules: [{ ...anything, action: 'delete', position: 1, name: '' }],
  }
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

/** Runs of policies: what services are asked, and what the API shows of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../../platform/db/sql.ts'
import { factsSince, lastFact } from '../../../testing/api.ts'
import { fresh, givenProject, pushImage } from '../../../testing/given.ts'
import { eventually, expectAnswer } from '../../../testing/http.ts'
import { openPreheatScene, trigger } from '../preheat.suite.ts'

const scene = await openPreheatScene()
const { marina, service, call, makeInstance, makeReal, makePolicy, start, show, ended, run, tasks, log } = scene
const { db } = marina.ground
const jobsOf = (repository: string) => service.jobs.filter((job) => job.repository === repository)
const withToken = (method: string, path: string, authorization: string) =>
  marina.ask(method, `/v2/${path}`, { headers: { authorization } })

async function givenImages(...tags: string[]) {
  const { name: project } = await givenProject(marina)
  const images = []
  for (const tag of tags) images.push(await pushImage(marina, `${project}/app`, { tag }))
  return { project, repository: `${project}/app`, images }
}

test("N-01: a run has Dragonfly fetch each image, and is shown in Harbor's words", async () => {
  const { project, repository, images } = await givenImages('v1', 'v2')
  const instance = await makeReal({ auth_mode: 'OAUTH', auth_info: { token: 'personal-token' } })
  const extra = '{"scope":"all_seed_peers","cluster_ids":[3]}'
  const policy = await makePolicy({ provider_id: instance.id, extra_attrs: extra }, project)
  const since = await lastFact(marina)
  const id = await start(policy)
  const execution = await ended(policy, id)
  const { id: policyId } = expectAnswer(await call('GET', policy), 200).json() as { id: number }
  assert.deepEqual(execution, {
    id,
    vendor_type: 'P2P_PREHEAT',
    vendor_id: policyId,
    status: 'Success',
    metrics: { task_count: 2, success_task_count: 2 },
    trigger: 'manual',
    extra_attrs: { totalCount: 2, trigger: 'manual', triggerSetting: '-' },
    start_time: execution.start_time,
    end_time: execution.end_time,
  })
  for (const time of [execution.start_time, execution.end_time]) assert.match(time, /^20\d\d-.{5}T.{8}Z$/)
  const rows = await tasks(policy, id)
  assert.deepEqual(
    rows.map(({ status, run_count: runs, extra_attrs: attrs }) => [status, runs, attrs]).toReversed(),
    images.map(({ digest }, at) => ['Success', 1, { artifact: `${repository}:v${at + 1}`, digest, kind: 'image' }]),
  )
  const text = await log(policy, id, rows[0]!.id)
  const about = `'${repository}:v2@${images[1]!.digest}' to the target preheat provider: dragonfly ${instance.name}`
  assert.ok(text.includes(`[INFO] Preheating image ${about}`), text)
  assert.match(
    text,
    /Sending preheat request is successfully done[^]+Check preheat progress[^]+Preheating is completed/,
  )
  assert.doesNotMatch(text, /Bearer|personal-token/)
  const jobs = jobsOf(repository)
  assert.deepEqual(
    jobs.map(({ reference, scope, clusters }) => JSON.stringify([reference, scope, clusters])).toSorted(),
    ['v1', 'v2'].map((tag) => JSON.stringify([tag, 'all_seed_peers', [3]])),
  )
  const asked = service.requests.filter(({ path, method }) => method === 'POST' && path.endsWith('/jobs'))
  assert.equal(asked.at(-1)!.headers.authorization, 'Bearer personal-token')
  const facts = (await factsSince(marina, since)).filter(({ payload }) => payload['executionId'] === id)
  assert.deepEqual(
    facts.map(({ topic }) => topic),
    ['preheat.started'],
  )
  assert.deepEqual(service.problems, [])
})

test('the credential of a task pulls its repository alone, only while the task goes on, and nothing else', async () => {
  const { project, repository } = await givenImages('v1')
  await pushImage(marina, `${project}/other`, { tag: 'v1' })
  service.plan((job) => (job.repository === repository ? 'STARTED' : 'SUCCESS'))
  const filters = '[{"type":"repository","value":"app"}]'
  const policy = await makePolicy({ provider_id: (await makeReal()).id, filters }, project)
  const id = await start(policy)
  const { authorization } = await eventually(() => {
    const [job] = jobsOf(repository)
    assert.ok(job && job.looks > 0)
    return job
  })
  const status = async (method: string, path: string) => (await withToken(method, path, authorization)).status
  assert.match(authorization, /^Bearer /)
  assert.equal(await status('GET', `${repository}/manifests/v1`), 200)
  assert.notEqual(await status('GET', `${project}/other/manifests/v1`), 200)
  assert.notEqual(await status('DELETE', `${repository}/manifests/v1`), 202)
  assert.notEqual(await status('POST', `${repository}/blobs/uploads/`), 202)
  const api = await marina.ask('GET', `/api/v2.0/projects/${project}`, { headers: { authorization } })
  assert.ok([401, 403].includes(api.status), api.text)
  const going = await show(policy, id)
  assert.deepEqual([going.status, going.metrics], ['Running', { task_count: 1, running_task_count: 1 }])
  expectAnswer(await call('PATCH', `${policy}/executions/${id}`, { status: 'Stopped' }), 200)
  const stopped = await ended(policy, id)
  assert.deepEqual([stopped.status, stopped.metrics], ['Stopped', { task_count: 1, stopped_task_count: 1 }])
  await eventually(async () => assert.equal(await status('GET', `${repository}/manifests/v1`), 401))
  service.plan(({ looks }) => (looks < 2 ? 'PENDING' : 'SUCCESS'))
})

test('N-01: Kraken is told of each image, as by a registry', async () => {
  const { project, repository, images } = await givenImages('v1')
  const { id: instance } = await makeReal({ vendor: 'kraken' })
  const policy = await makePolicy({ provider_id: instance }, project)
  assert.equal((await run(policy)).status, 'Success')
  const [told] = service.notified.filter((one) => one.repository === repository)
  const [{ digest, mediaType }] = images as [(typeof images)[0]]
  assert.deepEqual(
    { ...told, url: new URL(told!.url).pathname },
    {
      repository,
      tag: 'v1',
      digest,
      mediaType,
      url: `/v2/${repository}/manifests/v1`,
    },
  )
})

test('a run that finds nothing succeeds and says so; one of a policy or instance that is off is refused', async () => {
  const { project } = await givenImages('v1')
  const { id: on } = await makeReal()
  const none = await makePolicy({ provider_id: on, filters: '[{"type":"repository","value":"none"}]' }, project)
  const empty = await run(none)
  assert.deepEqual([empty.status, empty.status_message, empty.metrics], ['Success', 'no artifacts to preheat', {}])
  const off = await makePolicy({ provider_id: on, enabled: false }, project)
  assert.match(expectAnswer(await call('POST', off, {}), 412, 'PRECONDITION').text, /is not enabled/)
  const { id: disabled } = await makeReal({ enabled: false })
  const without = await makePolicy({ provider_id: disabled }, project)
  assert.match(expectAnswer(await call('POST', without, {}), 412, 'PRECONDITION').text, /instance \w+ is not enabled/)
})

test('executions, tasks and logs of another policy are not found; stopping takes one word', async () => {
  const { project } = await givenImages('v1')
  const [mine, other] = [
    await makePolicy({ provider_id: (await makeReal()).id }, project),
    await makePolicy({ provider_id: (await makeReal()).id }, project),
  ]
  const { id } = await run(mine)
  const [task] = await tasks(mine, id)
  const absent = [`executions/${id}`, `executions/${id}/tasks`, `executions/${id}/tasks/${task!.id}/logs`]
  for (const path of absent) expectAnswer(await call('GET', `${other}/${path}`), 404, 'NOT_FOUND')
  const second = (await run(other)).id
  expectAnswer(await call('GET', `${other}/executions/${second}/tasks/${task!.id}/logs`), 404, 'NOT_FOUND')
  expectAnswer(await call('PATCH', `${other}/executions/${id}`, { status: 'Stopped' }), 404, 'NOT_FOUND')
  expectAnswer(await call('PATCH', `${mine}/executions/${id}`, { status: 'nope' }), 400, 'BAD_REQUEST')
  expectAnswer(await call('PATCH', `${mine}/executions/${id}`, { status: 'Stopped' }), 200)
  const listed = expectAnswer(await call('GET', `${mine}/executions?q=status%3DSuccess`), 200)
  assert.deepEqual([listed.headers['x-total-count'], (listed.json() as { id: number }[])[0]!.id], ['1', id])
})

test('a policy that is deleted while it runs stops its tasks, and asks for nothing more', async () => {
  const { project, repository } = await givenImages('v1')
  service.plan((job) => (job.repository === repository ? 'PENDING' : 'SUCCESS'))
  const policy = await makePolicy({ provider_id: (await makeReal()).id }, project)
  const id = await start(policy)
  await eventually(() => assert.equal(jobsOf(repository).length, 1))
  expectAnswer(await call('DELETE', policy), 200)
  await eventually(async () => {
    const row = await db.row<{ status: string }>(sql`select status from execution where id = ${id}`)
    assert.equal(row?.status, 'Stopped')
  })
  service.plan(({ looks }) => (looks < 2 ? 'PENDING' : 'SUCCESS'))
})

test('a schedule runs a policy once it is due, and shows its setting', async () => {
  const { project, repository } = await givenImages('v1')
  const cron = '0 0 3 * * *'
  const policy = await makePolicy({ provider_id: (await makeReal()).id, trigger: trigger('scheduled', cron) }, project)
  const { id } = expectAnswer(await call('GET', policy), 200).json() as { id: number }
  await db.run(sql`update schedule set next_at = now() where vendor_type = 'P2P_PREHEAT' and vendor_id = ${id}`)
  const [execution] = await eventually(async () => {
    const all = await scene.list(policy)
    assert.equal(all[0]?.status, 'Success')
    return all
  })
  assert.deepEqual(
    [execution!.trigger, execution!.extra_attrs],
    ['scheduled', { totalCount: 1, trigger: 'scheduled', triggerSetting: cron }],
  )
  assert.equal(jobsOf(repository).length, 1)
})

test('a tag that names another image by the time its task runs is not preheated', async () => {
  const { project, repository } = await givenImages('v1')
  const { id: instance } = await makeReal()
  const policy = await makePolicy({ provider_id: instance }, project)
  const { id } = expectAnswer(await call('GET', policy), 200).json() as { id: number }
  expectAnswer(await call('PUT', '/jobservice/queues/P2P_PREHEAT', { action: 'pause' }), 200)
  const execution = await start(policy)
  await eventually(async () => assert.equal((await tasks(policy, execution)).length, 1))
  await pushImage(marina, repository, { tag: 'v1' })
  expectAnswer(await call('PUT', '/jobservice/queues/P2P_PREHEAT', { action: 'resume' }), 200)
  const over = await ended(policy, execution)
  assert.deepEqual([over.status, over.metrics], ['Error', { task_count: 1, error_task_count: 1 }])
  assert.match(over.status_message!, /v1 does not name sha256:\w+ any more/)
  assert.deepEqual([id > 0, jobsOf(repository).length], [true, 0])
})

test('an instance that was never called is unknown, and counts no images', async () => {
  const { name } = await makeInstance({ name: fresh('quiet') })
  const metrics = await marina.ground.metrics.registry.metrics()
  assert.ok(metrics.includes(`marina_preheat_images{instance="${name}",result="success"} 0`), metrics.slice(0, 500))
  assert.ok(!metrics.includes(`marina_preheat_instance_up{instance="${name}"`))
})

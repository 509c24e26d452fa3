/** Services that fail in every way: tasks end with a reason, within bounds, and others go on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../../platform/db/sql.ts'
import { startChild } from '../../../testing/child.ts'
import { fresh, givenProject, pushImage } from '../../../testing/given.ts'
import { eventually, expectAnswer } from '../../../testing/http.ts'
import { openPreheatProvider, type Reply } from '../../../testing/preheat-provider.ts'
import { openTestMarina } from '../../../testing/server.ts'
import { openPreheatScene, settings } from '../preheat.suite.ts'

const scene = await openPreheatScene({
  MARINA_PREHEAT_CALL_TIMEOUT: '5s',
  MARINA_PREHEAT_ANSWER: '64KiB',
  MARINA_PREHEAT_TIMEOUT: '3s',
  MARINA_PREHEAT_TRIES: '2',
})
const { marina, service, makeReal, makePolicy, start, ended, run, tasks } = scene

// A job has succeeded at its first look, so that no test depends on how soon it is looked at.
service.plan(() => 'SUCCESS')

/** `instance`: the id of a service; without it, one that works. */
async function givenPolicy(tags = ['v1'], instance?: number) {
  const { name: project } = await givenProject(marina)
  for (const tag of tags) await pushImage(marina, `${project}/app`, { tag })
  return {
    repository: `${project}/app`,
    policy: await makePolicy({ provider_id: instance ?? (await makeReal()).id }, project),
  }
}

/** Answers requests for jobs of this repository, and leaves all others to the stand-in. */
const only = (repository: string, reply: Reply) =>
  service.answer(({ method, body }) => (method === 'POST' && body.includes(`/v2/${repository}/`) ? reply : undefined))

test('a service that refuses, breaks or babbles ends its task with a reason', async () => {
  function* endless() {
    for (let n = 0; n < 200; n++) yield 'x'.repeat(1024 * 1024)
  }
  const faults: [Reply, RegExp][] = [
    [{ status: 500, body: '{"message":"cannot create the job"}' }, /answered with 500: .*cannot create the job/],
    [{ status: 401 }, /answered with 401/],
    [{ body: '{"id": 1, "sta' }, /not what such a service says/],
    [{ body: '<html>' }, /not what such a service says/],
    [{ status: 302, headers: { location: `${service.url}/elsewhere` } }, /answered with 302/],
    [{ body: endless() }, /longer than 65536 bytes/],
    ['never', /no answer within 5000 ms/],
  ]
  for (const [reply, reason] of faults) {
    const { policy, repository } = await givenPolicy()
    only(repository, reply)
    const execution = await run(policy)
    assert.deepEqual([execution.status, execution.metrics], ['Error', { task_count: 1, error_task_count: 1 }])
    const [task] = await tasks(policy, execution.id)
    assert.match(task!.status_message!, reason)
    assert.equal(task!.status, 'Error')
  }
  service.answer(() => undefined)
})

test('a service that fails once is asked again, and one that fails while it works is looked at again', async () => {
  const { policy, repository } = await givenPolicy()
  let failures = 0
  service.answer(({ method, path, body }) => {
    const isMine = body.includes(`/v2/${repository}/`) || (method === 'GET' && /\/jobs\/\d+$/.test(path))
    return isMine && failures++ % 2 === 0 ? { status: 503 } : undefined
  })
  const execution = await run(policy)
  service.answer(() => undefined)
  assert.deepEqual([execution.status, execution.metrics], ['Success', { task_count: 1, success_task_count: 1 }])
  assert.ok(failures > 2, `${failures} failures`)
})

test('a job that fails or never ends ends the task; the images of other instances go on meanwhile', async () => {
  const [failing, hanging, well] = [await givenPolicy(), await givenPolicy(['v1', 'v2']), await givenPolicy()]
  service.plan(({ repository }) => {
    if (repository === failing.repository) return 'FAILURE'
    return repository === hanging.repository ? 'STARTED' : 'SUCCESS'
  })
  const slow = await start(hanging.policy)
  assert.equal((await run(well.policy)).status, 'Success')
  const failed = await run(failing.policy)
  assert.match(failed.status_message!, /preheating has failed: peer not there/)
  const late = await ended(hanging.policy, slow)
  assert.deepEqual([late.status, late.metrics], ['Error', { task_count: 2, error_task_count: 2 }])
  assert.match(late.status_message!, /has not preheated the image within/)
  service.plan(() => 'SUCCESS')
})

test('a service that is down, or must not be called, ends the run before an image is asked for', async () => {
  const gone = await openPreheatProvider()
  await gone[Symbol.asyncDispose]()
  for (const [endpoint, reason] of [
    [gone.url, /is not healthy: GET \/healthy: nobody listens there/],
    [`http://169.254.169.254/${fresh('meta')}`, /metadata service, which Marina never calls/],
  ] as const) {
    const { id } = await makeReal()
    const { policy } = await givenPolicy(['v1'], id)
    // Saving refuses such an address; a name may come to lead there later.
    await marina.ground.db.run(sql`update preheat_instance set endpoint = ${endpoint} where id = ${id}`)
    const execution = await run(policy)
    assert.deepEqual([execution.status, execution.metrics], ['Error', {}])
    assert.match(execution.status_message!, reason)
  }
})

test('a run goes on after kill -9 with the jobs that the service has already', async () => {
  const own = { ...settings, MARINA_WORKER_LEASE: '2s', MARINA_PREHEAT_POLL: '200ms' } as const
  await using here = await openTestMarina({ ...own, MARINA_WORKERS: 'none' })
  const { name: project } = await givenProject(here)
  const tags = ['v1', 'v2', 'v3']
  for (const tag of tags) await pushImage(here, `${project}/app`, { tag })
  let isHeld = true
  await using provider = await openPreheatProvider()
  provider.plan(() => (isHeld ? 'STARTED' : 'SUCCESS'))
  const ask = async (method: string, path: string, body?: object) =>
    here.ask(method, `/api/v2.0${path}`, {
      as: here.admin,
      ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
    })
  const name = fresh('heat')
  const instance = { name, vendor: 'dragonfly', endpoint: provider.url, enabled: true }
  expectAnswer(await ask('POST', '/p2p/preheat/instances', instance), 201)
  const { id } = expectAnswer(await ask('GET', `/p2p/preheat/instances/${name}`), 200).json() as { id: number }
  const policy = `/projects/${project}/preheat/policies`
  const body = { name, provider_id: id, filters: '[]', trigger: '{"type":"manual"}', enabled: true }
  expectAnswer(await ask('POST', policy, body), 201)
  const { location } = expectAnswer(await ask('POST', `${policy}/${name}`, {}), 201).headers
  const child = await startChild(here, own)
  await eventually(() =>
    assert.ok(provider.jobs.every(({ looks }) => looks > 0) && provider.jobs.length === tags.length),
  )
  await child.kill()
  const asked = provider.jobs.map(({ looks }) => looks)
  await using _second = await startChild(here, own)
  await eventually(() => assert.ok(provider.jobs.slice(0, 3).every(({ looks }, at) => looks > asked[at]!)))
  isHeld = false
  await eventually(async () => {
    const shown = expectAnswer(await here.ask('GET', location!, { as: here.admin }), 200).json() as { status: string }
    assert.equal(shown.status, 'Success')
  })
  // A task that waited for its next look asks for no second job.
  assert.deepEqual(provider.jobs.map(({ reference }) => reference).sort(), tags)
})

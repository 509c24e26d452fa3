import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { digestOf } from '../../../oci/digest.ts'
import { ociManifest } from '../../../oci/media-type.ts'
import { sql } from '../../platform/db/sql.ts'
import { callApi, create } from '../../testing/api.ts'
import { openDockerRegistry } from '../../testing/docker-registry.ts'
import {
  changeUser,
  fresh,
  givenProject,
  givenUser,
  makeImage,
  pushBlob,
  pushImage,
  pushManifest,
} from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { openOtherSide } from '../../testing/other-side.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import {
  ended,
  executionsOf,
  get,
  givenEndpoint,
  givenMarina,
  givenPolicy,
  logsOf,
  run,
  tagsAt,
  tasksOf,
  type ShownExecution,
} from './replication.suite.ts'

describe('runs of replication that meet trouble', () => {
  let here: TestMarina
  let there: TestMarina
  let toThere: number
  before(async () => {
    const settings = {
      MARINA_OUTBOUND_ALLOW: '127.0.0.1',
      MARINA_ENDPOINT_TRIES: '2',
      MARINA_REPLICATION_BLOB_BACK_OFF: '10ms',
    } as const
    ;[here, there] = await Promise.all([openTestMarina(settings), openTestMarina(settings)])
    toThere = await givenMarina(here, there)
  })
  after(async () => {
    await here?.[Symbol.asyncDispose]()
    await there?.[Symbol.asyncDispose]()
  })

  const start = (policy: number) => create(here, '/replication/executions', here.admin, { policy_id: policy })
  const show = (id: number) => get<ShownExecution>(here, `/replication/executions/${id}`)
  const stop = async (id: number) =>
    void expectAnswer(await callApi(here, 'PUT', `/replication/executions/${id}`, { as: here.admin }), 200)
  const filtersOf = (project: string) => [{ type: 'name', value: `${project}/**` }]

  /** An image with a layer of 2 MB: with a policy of 1 KB/s its copy takes half an hour. */
  async function pushLarge(name: string, tag: string) {
    const layer = randomBytes(2_000_000)
    const { blobs, content } = makeImage(0, {
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf(layer), size: layer.length }],
    })
    for (const bytes of [layer, ...blobs]) await pushBlob(here, name, bytes)
    await pushManifest(here, name, content, ociManifest, { tag })
  }

  /** A policy whose run goes on until it is stopped, and the run's id once it has begun to copy. */
  async function givenSlow(more: object = {}) {
    const { name: project } = await givenProject(here)
    await pushLarge(`${project}/app`, 'v1')
    // A policy by events is not told of this push: the reaction has seen it before.
    await eventually(async () => {
      const all = await get<{ name: string; behind: number }[]>(here, '/system/reactions')
      assert.deepEqual(all.find(({ name }) => name === 'replication')?.behind, 0)
    })
    const policy = await givenPolicy(here, {
      dest_registry: { id: toThere },
      speed: 1,
      filters: filtersOf(project),
      ...more,
    })
    return { project, policy }
  }
  const copying = (id: number) =>
    eventually(async () => assert.ok((await tasksOf(here, id)).some(({ status }) => status === 'InProgress')))

  /** The events of a policy that no run has taken yet: `app:v3`. */
  async function waiting(policy: number): Promise<string[]> {
    const rows = await here.ground.db.rows<{ name: string }>(sql`
      select split_part(repository, '/', 2) || ':' || reference as name
      from replication_event where policy_id = ${policy}`)
    return rows.map(({ name }) => name)
  }

  test('S3-21, S3-42: a run that is stopped ends soon, shows nothing half copied, and can be run again', async () => {
    const { project, policy } = await givenSlow()
    const id = await start(policy)
    await copying(id)
    const during = await show(id)
    assert.deepEqual([during.status, during.total, during.in_progress], ['InProgress', 1, 1])
    expectAnswer(
      await callApi(here, 'DELETE', `/replication/policies/${policy}`, { as: here.admin }),
      412,
      'PRECONDITION',
    )
    await stop(id)
    const { status, stopped } = await ended(here, id)
    assert.deepEqual([status, stopped], ['Stopped', 1])
    assert.deepEqual(await tagsAt(there, `${project}/app`), [])
    await stop(id)
    const { name } = await get<{ name: string }>(here, `/replication/policies/${policy}`)
    const faster = { name, enabled: true, dest_registry: { id: toThere }, filters: filtersOf(project) }
    expectAnswer(await callApi(here, 'PUT', `/replication/policies/${policy}`, { as: here.admin, body: faster }), 200)
    const again = await run(here, policy)
    assert.equal(again.status, 'Succeed', again.status_text)
    assert.deepEqual(await tagsAt(there, `${project}/app`), ['v1'])
  })

  test('S3-21: a run that is stopped before it has found anything ends without a task', async () => {
    const { policy } = await givenSlow()
    await here.ground.db.run({
      name: '',
      text: "insert into paused_queue (job_type) values ('REPLICATION_PLAN') on conflict do nothing",
      values: [],
    })
    try {
      const id = await start(policy)
      await stop(id)
      const { status, total } = await ended(here, id)
      assert.deepEqual([status, total], ['Stopped', 0])
    } finally {
      expectAnswer(
        await callApi(here, 'PUT', '/jobservice/queues/REPLICATION_PLAN', {
          as: here.admin,
          body: { action: 'resume' },
        }),
        200,
      )
    }
  })

  test('S3-09: with a single active run, a second one fails at once and says why', async () => {
    const { policy } = await givenSlow({ single_active_replication: true })
    const first = await start(policy)
    await copying(first)
    const second = await ended(here, await start(policy))
    assert.deepEqual(
      [second.status, second.status_text, second.total],
      ['Failed', 'Execution skipped: active replication still in progress.', 0],
    )
    await stop(first)
    assert.equal((await ended(here, first)).status, 'Stopped')
  })

  test('S4-31: events that pile up while a run goes on are merged into one further run', async () => {
    const { project, policy } = await givenSlow({ trigger: { type: 'event_based' }, override: true })
    await pushLarge(`${project}/app`, 'v2')
    const [first] = await eventually(async () => {
      const executions = await executionsOf(here, policy)
      assert.ok(executions.length > 0)
      return executions
    })
    await copying(first!.id)
    for (let at = 3; at < 9; at++) await pushImage(here, `${project}/app`, { tag: `v${at}` })
    await pushImage(here, `${project}/other`, { tag: 'v1' })
    const { name } = await get<{ name: string }>(here, `/replication/policies/${policy}`)
    const faster = {
      name,
      enabled: true,
      override: true,
      trigger: { type: 'event_based' },
      dest_registry: { id: toThere },
      filters: filtersOf(project),
    }
    await eventually(async () => assert.equal((await executionsOf(here, policy)).length, 2))
    // An event that comes once the further run has begun causes another one.
    const late = ['other:v1', ...Array.from({ length: 6 }, (_, at) => `app:v${at + 3}`)]
    await eventually(async () => {
      const known = await waiting(policy)
      assert.ok(
        late.every((name) => known.includes(name)),
        String(known),
      )
    })
    expectAnswer(await callApi(here, 'PUT', `/replication/policies/${policy}`, { as: here.admin, body: faster }), 200)
    await stop(first!.id)
    // The event of the first push may have come before the policy, or after it.
    const wanted = Array.from({ length: 6 }, (_, at) => `v${at + 3}`)
    await eventually(async () => {
      const tags = await tagsAt(there, `${project}/app`)
      assert.ok(
        wanted.every((tag) => tags.includes(tag)),
        String(tags),
      )
    })
    await eventually(async () => assert.deepEqual(await tagsAt(there, `${project}/other`), ['v1']))
    const executions = await executionsOf(here, policy)
    assert.equal(executions.length, 2)
    const tasks = await tasksOf(here, executions[0]!.id)
    assert.deepEqual(tasks.map((one) => one.src_resource.replace(/ .*/, '')).toSorted(), [
      `${project}/app`,
      `${project}/other`,
    ])
  })

  test('S3-09, S3-11: a scheduled policy runs when its time comes', async () => {
    const { name: project } = await givenProject(here)
    await pushImage(here, `${project}/app`, { tag: 'v1' })
    const policy = await givenPolicy(here, {
      dest_registry: { id: toThere },
      trigger: { type: 'scheduled', trigger_settings: { cron: '0 0 3 1 1 *' } },
      filters: filtersOf(project),
    })
    await here.ground.db.run({
      name: '',
      text: "update schedule set next_at = now() where vendor_type = 'REPLICATION' and vendor_id = $1",
      values: [policy],
    })
    const [only] = await eventually(async () => {
      const executions = await executionsOf(here, policy)
      assert.equal(executions.length, 1)
      return executions
    })
    assert.deepEqual([only!.trigger, (await ended(here, only!.id)).status], ['scheduled', 'Succeed'])
    assert.deepEqual(await tagsAt(there, `${project}/app`), ['v1'])
  })

  test('S3-16, S3-17, S3-43, S3-44: a repository that the target refuses fails alone, with the reason', async () => {
    const { name: project } = await givenProject(here)
    const full = fresh('full')
    await create(there, '/projects', there.admin, { project_name: full, storage_limit: 10 })
    for (const name of [full, 'fits']) await pushImage(here, `${project}/${name}`, { tag: 'v1' })
    const policy = await givenPolicy(here, {
      dest_registry: { id: toThere },
      dest_template: '{{name}}/app',
      filters: filtersOf(project),
    })
    const execution = await run(here, policy)
    assert.deepEqual([execution.status, execution.total, execution.failed, execution.succeed], ['Failed', 2, 1, 1])
    assert.match(execution.status_text, /1 of 1 failed, the first: .*storage resource/)
    assert.deepEqual(await tagsAt(there, 'fits/app'), ['v1'])
    assert.deepEqual(await tagsAt(there, `${full}/app`), [])
    assert.match(await logsOf(here, execution.id), /\[ERROR\].*storage resource/)
  })

  test('S3-44: a password that is wrong by now fails the task at once, and the endpoint is named', async () => {
    const robot = await givenUser(there, fresh('copier'), true)
    const endpoint = await givenEndpoint(here, there.url, {
      credential: { type: 'basic', access_key: robot.name, access_secret: robot.password },
    })
    const { name: project } = await givenProject(here)
    await pushImage(here, `${project}/app`, { tag: 'v1' })
    const policy = await givenPolicy(here, { dest_registry: { id: endpoint }, filters: filtersOf(project) })
    await changeUser(there, robot, { password: 'Another12345' })
    const execution = await run(here, policy)
    assert.deepEqual([execution.status, execution.failed], ['Failed', 1])
    assert.match(execution.status_text, /endpoint\w+: .*\(status 401\)/)
    assert.ok(!execution.status_text.includes(robot.password))
  })

  test('S3-46: a source that sends other bytes than it names changes nothing, and the task says so', async () => {
    await using docker = await openDockerRegistry()
    const { name: project } = await givenProject(here)
    await pushImage(here, `${project}/app`, { tag: 'v1' })
    const push = await givenPolicy(here, {
      dest_registry: { id: await givenEndpoint(here, docker.url, { type: 'docker-registry' }) },
      filters: filtersOf(project),
    })
    assert.equal((await run(here, push)).status, 'Succeed')
    // The same registry, but each blob has one wrong byte.
    await using liar = await openOtherSide(async (request, response) => {
      const answer = await fetch(`${docker.url}${request.url}`, {
        method: request.method!,
        headers: { accept: request.headers.accept ?? '*/*' },
      })
      const bytes = Buffer.from(await answer.arrayBuffer())
      if (request.method === 'GET' && request.url!.includes('/blobs/')) bytes[0]! ^= 1
      response.writeHead(answer.status, Object.fromEntries(answer.headers))
      response.end(bytes)
    })
    const made = fresh('lied')
    const policy = await givenPolicy(here, {
      src_registry: { id: await givenEndpoint(here, liar.url, { type: 'docker-registry' }) },
      dest_namespace: made,
      filters: filtersOf(project),
    })
    const execution = await run(here, policy)
    assert.deepEqual(
      [execution.status, execution.failed],
      ['Failed', 1],
      JSON.stringify(execution) + (await logsOf(here, execution.id)),
    )
    assert.match(execution.status_text, /digest/)
    assert.deepEqual(await tagsAt(here, `${made}/app`), [])
  })
})

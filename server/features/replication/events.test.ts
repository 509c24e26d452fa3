import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { callApi, create } from '../../testing/api.ts'
import { fresh, givenProject, pushImage, pushReferrer } from '../../testing/given.ts'
import { eventually } from '../../testing/http.ts'
import { openReceiver } from '../../testing/receiver.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import { executionsOf, givenMarina, givenPolicy, run, tagsAt, tasksOf } from './replication.suite.ts'

type HookSide = { registry_name?: string; registry_type: string; endpoint: string; namespace: string }
type Hook = {
  type: string
  operator: string
  event_data: {
    replication: Record<string, unknown> & { src_resource: HookSide; dest_resource: HookSide }
  }
}

const settings = {
  MARINA_OUTBOUND_ALLOW: '127.0.0.1',
  MARINA_ENDPOINT_TRIES: '2',
  MARINA_REPLICATION_BLOB_BACK_OFF: '10ms',
} as const

describe('replication by event', () => {
  let here: TestMarina
  let there: TestMarina
  let toThere: number
  before(async () => {
    ;[here, there] = await Promise.all([openTestMarina(settings), openTestMarina(settings)])
    toThere = await givenMarina(here, there)
  })
  after(async () => {
    await here?.[Symbol.asyncDispose]()
    await there?.[Symbol.asyncDispose]()
  })

  test('S4-31, S3-09, S3-18, S3-20: pushes, signatures, deleted tags and artifacts follow by event', async () => {
    const { name: project } = await givenProject(here)
    const target = fresh('event')
    const policy = await givenPolicy(here, {
      dest_registry: { id: toThere },
      dest_namespace: target,
      trigger: { type: 'event_based' },
      deletion: true,
      override: true,
      filters: [
        { type: 'name', value: `${project}/**` },
        { type: 'tag', value: 'v*' },
      ],
    })
    const image = await pushImage(here, `${project}/app`, { tag: 'v1' })
    await eventually(async () => assert.deepEqual(await tagsAt(there, `${target}/app`), ['v1']))
    const note = await pushReferrer(here, `${project}/app`, image)
    await eventually(async () => {
      const answer = await there.ask('GET', `/v2/${target}/app/manifests/${note.digest}`, { as: there.admin })
      assert.equal(answer.status, 200)
    })
    const second = await pushImage(here, `${project}/app`, { tag: 'v2' })
    await callApi(here, 'POST', `/projects/${project}/repositories/app/artifacts/v2/tags`, {
      as: here.admin,
      body: { name: 'v3' },
    })
    await eventually(async () => assert.deepEqual(await tagsAt(there, `${target}/app`), ['v1', 'v2', 'v3']))
    await callApi(here, 'DELETE', `/projects/${project}/repositories/app/artifacts/v2/tags/v3`, { as: here.admin })
    await eventually(async () => assert.deepEqual(await tagsAt(there, `${target}/app`), ['v1', 'v2']))
    await callApi(here, 'DELETE', `/projects/${project}/repositories/app/artifacts/${second.digest}`, {
      as: here.admin,
    })
    await eventually(async () => assert.deepEqual(await tagsAt(there, `${target}/app`), ['v1']))
    await callApi(here, 'DELETE', `/projects/${project}/repositories/app`, { as: here.admin })
    await eventually(async () => assert.deepEqual(await tagsAt(there, `${target}/app`), []))
    const executions = await executionsOf(here, policy)
    assert.deepEqual([...new Set(executions.map(({ trigger }) => trigger))], ['event_based'])
  })

  test("S3-38, S3-41: a webhook is told of each task that has something to do, in Harbor's words", async () => {
    await using receiver = await openReceiver()
    const { name: project } = await givenProject(here)
    await pushImage(here, `${project}/deep/app`, { tag: 'v1' })
    await create(here, `/projects/${project}/webhook/policies`, here.admin, {
      name: fresh('hook'),
      enabled: true,
      event_types: ['REPLICATION'],
      targets: [{ type: 'http', address: receiver.url }],
    })
    const policy = await givenPolicy(here, {
      dest_registry: { id: toThere },
      dest_namespace: fresh('told'),
      override: true,
      filters: [{ type: 'name', value: `${project}/**` }],
    })
    const { id } = await run(here, policy)
    const told = await eventually(() => {
      assert.equal(receiver.received.length, 2)
      return receiver.received.map(({ body }) => JSON.parse(body) as Hook)
    })
    const [task] = await tasksOf(here, id)
    const [running, done] = told.map(({ event_data: data }) => data.replication)
    assert.deepEqual(
      told.map(({ type, operator }) => [type, operator]),
      [
        ['REPLICATION', 'admin'],
        ['REPLICATION', 'admin'],
      ],
    )
    const { execution_timestamp: at, src_resource: source, dest_resource: target, ...rest } = done!
    assert.ok(typeof at === 'number')
    assert.deepEqual(rest, {
      harbor_hostname: 'localhost',
      job_status: 'Success',
      artifact_type: 'artifact',
      override_mode: true,
      trigger_type: 'MANUAL',
      policy_creator: 'admin',
      successful_artifact: [
        { type: 'artifact', status: 'Success', name_tag: 'app [1 item(s) in total]', references: ['v1'] },
      ],
      execution_id: id,
      task_id: task!.id,
    })
    assert.deepEqual(
      [running!.job_status, source.registry_type, source.namespace, target.registry_type, target.endpoint],
      ['Running', 'harbor', `${project}/deep`, 'harbor', there.url],
    )
    // Nothing is left to do: nothing is told.
    await run(here, policy)
    assert.equal(receiver.received.length, 2)
  })

  test('S4-31: a push outside the filters starts no run', async () => {
    const { name: project } = await givenProject(here)
    const policy = await givenPolicy(here, {
      dest_registry: { id: toThere },
      dest_namespace: fresh('event'),
      trigger: { type: 'event_based' },
      filters: [
        { type: 'name', value: `${project}/app` },
        { type: 'tag', value: 'v*' },
      ],
    })
    await pushImage(here, `${project}/app`, { tag: 'dev' })
    await pushImage(here, `${project}/other`, { tag: 'v1' })
    await pushImage(here, `${project}/app`, { tag: 'v1' })
    // The facts are handed over in their order, so the first two have been looked at by now.
    const [only] = await eventually(async () => {
      const executions = await executionsOf(here, policy)
      assert.ok(executions.length > 0)
      return executions
    })
    const [task] = await eventually(async () => {
      const tasks = await tasksOf(here, only!.id)
      assert.equal(tasks.length, 1)
      return tasks
    })
    assert.equal(task!.src_resource, `${project}/app [1 item(s) in total]`)
  })

  test('two Marinas that replicate to each other by events come to rest', async () => {
    const { name: project } = await givenProject(here)
    const back = await givenMarina(there, here)
    const common = {
      trigger: { type: 'event_based' },
      override: true,
      filters: [{ type: 'name', value: `${project}/**` }],
    }
    const policies = [
      [here, await givenPolicy(here, { ...common, dest_registry: { id: toThere } })] as const,
      [there, await givenPolicy(there, { ...common, dest_registry: { id: back } })] as const,
    ]
    await pushImage(here, `${project}/app`, { tag: 'v1' })
    await eventually(async () => assert.deepEqual(await tagsAt(there, `${project}/app`), ['v1']))
    // The event of the copy leads to a run there, which finds all equal and writes nothing.
    const counts = async () =>
      Promise.all(
        policies.map(async ([marina, policy]) => {
          const executions = await executionsOf(marina, policy)
          assert.ok(executions.length > 0 && executions.every(({ status }) => status === 'Succeed'))
          return executions.length
        }),
      )
    const settled = await eventually(counts)
    const places = async ({ ground }: TestMarina) =>
      ground.db.row<{ behind: number }>({
        name: '',
        text: `select count(*)::int as behind from outbox where topic = 'artifact.pushed'
          and payload ->> 'repository' = $1`,
        values: [`${project}/app`],
      })
    assert.deepEqual([(await places(here))!.behind, (await places(there))!.behind], [1, 1])
    assert.ok(settled.every((count) => count >= 1))
  })
})

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ociIndex } from '../../../oci/media-type.ts'
import { callApi, create } from '../../testing/api.ts'
import { openDockerRegistry } from '../../testing/docker-registry.ts'
import { fresh, givenProject, pushImage, pushReferrer } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import {
  ended,
  get,
  givenEndpoint,
  givenMarina,
  givenPolicy,
  logsOf,
  run,
  tagsAt,
  tasksOf,
} from './replication.suite.ts'

const byName = <Row extends unknown[]>(rows: Row[]) => rows.toSorted((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1))

const settings = {
  MARINA_OUTBOUND_ALLOW: '127.0.0.1',
  MARINA_ENDPOINT_TRIES: '2',
  MARINA_REPLICATION_BLOB_BACK_OFF: '10ms',
} as const

describe('runs of replication policies', () => {
  let here: TestMarina
  let there: TestMarina
  let docker: Awaited<ReturnType<typeof openDockerRegistry>>
  let toThere: number
  let toDocker: number
  before(async () => {
    ;[here, there, docker] = await Promise.all([
      openTestMarina(settings),
      openTestMarina(settings),
      openDockerRegistry(),
    ])
    toThere = await givenMarina(here, there)
    toDocker = await givenEndpoint(here, docker.url, { type: 'docker-registry' })
  })
  after(async () => {
    await here?.[Symbol.asyncDispose]()
    await there?.[Symbol.asyncDispose]()
    await docker?.[Symbol.asyncDispose]()
  })

  const same = async (from: string, to: string, reference: string) => {
    const [a, b] = await Promise.all(
      [[here, from] as const, [there, to] as const].map(([marina, name]) =>
        marina.ask('GET', `/v2/${name}/manifests/${reference}`, { as: marina.admin }),
      ),
    )
    assert.equal(a!.status, 200)
    assert.deepEqual(b!.body, a!.body)
  }

  test('S3-12, S3-14, S3-23, S3-26, S3-27, S3-28: a push is a task for each repository', async () => {
    const { name: project } = await givenProject(here)
    await pushImage(here, `${project}/app`, { tag: 'v1' })
    await pushImage(here, `${project}/app`, { tag: 'dev' })
    await pushImage(here, `${project}/lib/deep`, { tag: 'v2' })
    await pushImage(here, `${project}/other`, { tag: 'x' })
    const target = fresh('copied')
    const policy = await givenPolicy(here, {
      dest_registry: { id: toThere },
      dest_namespace: target,
      dest_namespace_replace_count: 1,
      filters: [
        { type: 'name', value: `${project}/**` },
        { type: 'tag', value: 'v*', decoration: 'matches' },
      ],
    })
    const execution = await run(here, policy)
    assert.deepEqual(
      [execution.status, execution.status_text, execution.trigger, execution.total, execution.succeed],
      ['Succeed', '', 'manual', 2, 2],
      await logsOf(here, execution.id),
    )
    const tasks = await tasksOf(here, execution.id)
    assert.deepEqual(
      byName(tasks.map((one) => [one.src_resource, one.dst_resource, one.operation, one.resource_type, one.status])),
      [
        [`${project}/app [1 item(s) in total]`, `${target}/app [1 item(s) in total]`, 'copy', 'artifact', 'Succeed'],
        [
          `${project}/lib/deep [1 item(s) in total]`,
          `${target}/lib/deep [1 item(s) in total]`,
          'copy',
          'artifact',
          'Succeed',
        ],
      ],
    )
  })

  test('S3-39, S3-40, S3-45: a task is a job about one repository, which it copies whole', async () => {
    const { name: project } = await givenProject(here)
    const image = await pushImage(here, `${project}/app`, { tag: 'v1' })
    await pushReferrer(here, `${project}/app`, image)
    const signature = `${image.digest.replace(':', '-')}.sig`
    await pushImage(here, `${project}/app`, { tag: signature })
    const target = fresh('copied')
    const policy = await givenPolicy(here, {
      dest_registry: { id: toThere },
      dest_namespace: target,
      filters: [{ type: 'name', value: `${project}/**` }],
    })
    const execution = await run(here, policy)
    assert.equal(execution.total, 1)
    const [stored] = await here.ground.db.rows<{ type: string; params: Record<string, unknown> }>({
      name: '',
      text: "select job_type as type, params from task where execution_id = $1 and params ->> 'source' = $2",
      values: [execution.id, `${project}/app`],
    })
    assert.deepEqual(
      [stored!.type, stored!.params['source'], stored!.params['target'], stored!.params['operation']],
      ['REPLICATION', `${project}/app`, `${target}/app`, 'copy'],
    )
    assert.deepEqual(await tagsAt(there, `${target}/app`), [signature, 'v1'])
    await same(`${project}/app`, `${target}/app`, signature)
    await same(`${project}/app`, `${target}/app`, 'v1')
    const { manifests } = (
      await there.ask('GET', `/v2/${target}/app/referrers/${image.digest}`, { as: there.admin })
    ).json() as { manifests: unknown[] }
    assert.equal(manifests.length, 1)
  })

  test('a project that the push makes is as public as the one it comes from', async () => {
    const { name } = await givenProject(here, { isPublic: true })
    await pushImage(here, `${name}/app`, { tag: 'v1' })
    const policy = await givenPolicy(here, {
      dest_registry: { id: toThere },
      filters: [{ type: 'name', value: `${name}/**` }],
    })
    assert.equal((await run(here, policy)).status, 'Succeed')
    const project = await get<{ metadata: { public: string } }>(there, `/projects/${name}`)
    assert.equal(project.metadata.public, 'true')
  })

  test('S3-08, S3-19, S3-25: a pull makes the missing project and copies from a docker-registry', async () => {
    const { name: project } = await givenProject(here)
    await pushImage(here, `${project}/app`, { tag: 'v1' })
    const toPlain = await givenPolicy(here, {
      dest_registry: { id: toDocker },
      dest_namespace: 'up/one',
      filters: [{ type: 'name', value: `${project}/app` }],
    })
    assert.equal((await run(here, toPlain)).status, 'Succeed')
    const made = fresh('made')
    const policy = await givenPolicy(here, {
      src_registry: { id: toDocker },
      dest_namespace: made,
      filters: [{ type: 'name', value: 'up/one/*' }],
    })
    const execution = await run(here, policy)
    assert.deepEqual([execution.status, execution.total], ['Succeed', 1], await logsOf(here, execution.id))
    const [task] = await tasksOf(here, execution.id)
    assert.deepEqual([task!.resource_type, task!.dst_resource], ['image', `${made}/app [1 item(s) in total]`])
    assert.deepEqual(await tagsAt(here, `${made}/app`), ['v1'])
    assert.equal((await get<{ metadata: { public: string } }>(here, `/projects/${made}`)).metadata.public, 'false')
  })

  test('S3-22: a run that finds nothing succeeds and says so', async () => {
    const policy = await givenPolicy(here, {
      dest_registry: { id: toThere },
      filters: [{ type: 'name', value: 'nothing/**' }],
    })
    const { status, status_text: text, total } = await run(here, policy)
    assert.deepEqual([status, text, total], ['Succeed', 'no resources need to be replicated', 0])
  })

  test('S3-16, S3-24: a name that cannot be made fails the execution without a task', async () => {
    const { name: project } = await givenProject(here)
    await pushImage(here, `${project}/lib/deep`, { tag: 'v1' })
    const policy = await givenPolicy(here, {
      dest_registry: { id: toThere },
      dest_namespace: 'flat',
      dest_namespace_replace_count: 3,
      filters: [{ type: 'name', value: `${project}/**` }],
    })
    const { status, status_text: text, total } = await run(here, policy)
    assert.deepEqual([status, total], ['Failed', 0])
    assert.equal(
      text,
      `the source repository "${project}/lib/deep" contains only 2 path components [${project} lib] excepting ` +
        'the last one, but the destination namespace flattening level is 3',
    )
  })

  test('S3-13: a policy that is off, or that does not exist, is not run', async () => {
    const off = await givenPolicy(here, { dest_registry: { id: toThere }, enabled: false })
    const start = async (body: object) => callApi(here, 'POST', '/replication/executions', { as: here.admin, body })
    assert.equal(
      expectAnswer(await start({ policy_id: off }), 412, 'PRECONDITION').text.includes(`the policy ${off} is disabled`),
      true,
    )
    expectAnswer(await start({ policy_id: 99999999 }), 404, 'NOT_FOUND')
    expectAnswer(await start({}), 404, 'NOT_FOUND')
  })

  test('S3-46: a second run finds all equal, and writes nothing at the target', async () => {
    const { name: project } = await givenProject(here)
    const image = await pushImage(here, `${project}/app`, { tag: 'v1' })
    await pushReferrer(here, `${project}/app`, image)
    const policy = await givenPolicy(here, {
      dest_registry: { id: toThere },
      filters: [{ type: 'name', value: `${project}/**` }],
    })
    await run(here, policy)
    const execution = await run(here, policy)
    assert.match(await logsOf(here, execution.id), /0 copied, 1 were there, 0 left alone; 0 bytes sent/)
  })

  test('S3-46: a referrer that a killed run left unlisted, where there is no API, is listed again', async () => {
    const { name: project } = await givenProject(here)
    const image = await pushImage(here, `${project}/app`, { tag: 'v1' })
    const note = await pushReferrer(here, `${project}/app`, image)
    const policy = await givenPolicy(here, {
      dest_registry: { id: toDocker },
      filters: [{ type: 'name', value: `${project}/app` }],
    })
    await run(here, policy)
    const index = `${docker.url}/v2/${project}/app/manifests/${image.digest.replace(':', '-')}`
    const listed = async () => {
      const answer = await fetch(index, { headers: { accept: ociIndex } })
      return ((await answer.json()) as { manifests: { digest: string }[] }).manifests.map(({ digest }) => digest)
    }
    assert.deepEqual(await listed(), [note.digest])
    // As it is when the process dies after the manifest and before the index.
    const empty = { schemaVersion: 2, mediaType: ociIndex, manifests: [] }
    const headers = { 'content-type': ociIndex }
    assert.equal((await fetch(index, { method: 'PUT', headers, body: JSON.stringify(empty) })).status, 201)
    const execution = await run(here, policy)
    assert.equal(execution.status, 'Succeed', execution.status_text)
    assert.deepEqual(await listed(), [note.digest])
    assert.match(await logsOf(here, execution.id), /was there, but not listed with sha256:\w+: listed again/)
  })

  test('S3-42, S3-44: a registry that is away fails what needs it, with the reason', async () => {
    const { name: project } = await givenProject(here)
    await pushImage(here, `${project}/app`, { tag: 'v1' })
    const gone = await openDockerRegistry()
    const endpoint = await givenEndpoint(here, gone.url, { type: 'docker-registry' })
    const push = await givenPolicy(here, {
      dest_registry: { id: endpoint },
      filters: [{ type: 'name', value: `${project}/**` }],
    })
    const pull = await givenPolicy(here, { src_registry: { id: endpoint }, dest_namespace: project })
    await gone[Symbol.asyncDispose]()
    const id = await create(here, '/replication/executions', here.admin, { policy_id: pull })
    const stopped = await create(here, '/replication/executions', here.admin, { policy_id: push })
    await eventually(async () => {
      const rows = await here.ground.db.rows<{ message: string }>({
        name: '',
        text: "select status_message as message from task where execution_id = any($1) and status_message <> ''",
        values: [[id, stopped]],
      })
      assert.ok(rows.length >= 2 && rows.every(({ message }) => /127\.0\.0\.1:\d+/.test(message)), JSON.stringify(rows))
    })
    for (const one of [id, stopped])
      expectAnswer(await callApi(here, 'PUT', `/replication/executions/${one}`, { as: here.admin }), 200)
    for (const one of [id, stopped]) assert.equal((await ended(here, one)).status, 'Stopped')
  })
})

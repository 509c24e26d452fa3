import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { callApi } from '../../testing/api.ts'
import { openDockerRegistry } from '../../testing/docker-registry.ts'
import { fresh, givenProject, pushImage, pushReferrer } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import { get, givenEndpoint, givenMarina, givenPolicy, logOf, logsOf, run, tagsAt } from './replication.suite.ts'

type Difference = { source: string; target: string; tag: string; action: string; size: number }
type Preview = {
  is_complete: boolean
  copy: number
  overwrite: number
  skip: number
  keep: number
  delete: number
  bytes: number
  artifacts: Difference[]
  collisions: { target: string; sources: string[] }[]
  problems: string[]
}
type Drift = { same: number; missing: number; different: number; extra: number; artifacts: Difference[] }

describe('mirrors, previews and drift', () => {
  let here: TestMarina
  let there: TestMarina
  let docker: Awaited<ReturnType<typeof openDockerRegistry>>
  let toThere: number
  let toDocker: number
  let fromThere: number
  before(async () => {
    const settings = { MARINA_OUTBOUND_ALLOW: '127.0.0.1', MARINA_ENDPOINT_TRIES: '1' }
    ;[here, there, docker] = await Promise.all([
      openTestMarina(settings),
      openTestMarina(settings),
      openDockerRegistry(),
    ])
    toThere = await givenMarina(here, there)
    fromThere = toThere
    toDocker = await givenEndpoint(here, docker.url, { type: 'docker-registry' })
  })
  after(async () => {
    await here?.[Symbol.asyncDispose]()
    await there?.[Symbol.asyncDispose]()
    await docker?.[Symbol.asyncDispose]()
  })

  /** A project with a repository of ten tags, and what deletes in it. */
  async function givenTags(marina: TestMarina, count = 10) {
    const { name: project } = await givenProject(marina)
    for (let at = 0; at < count; at++) await pushImage(marina, `${project}/app`, { tag: `v${at}` })
    const remove = async (at: string) =>
      void expectAnswer(
        await callApi(marina, 'DELETE', `/projects/${project}/repositories/${at}`, { as: marina.admin }),
        200,
      )
    return { project, remove }
  }

  const filtersOf = (project: string) => [
    { type: 'name', value: `${project}/**` },
    { type: 'tag', value: 'v*' },
  ]
  const preview = async (id: number, query = '') =>
    expectAnswer(
      await callApi(here, 'POST', `/replication/policies/${id}/preview${query}`, { as: here.admin }),
      200,
    ).json() as Preview
  const drift = (id: number) => get<Drift>(here, `/replication/policies/${id}/drift`)
  const dockerTags = async (name: string) => {
    const answer = await fetch(`${docker.url}/v2/${name}/tags/list`)
    return answer.status === 404 ? [] : (((await answer.json()) as { tags: string[] | null }).tags ?? []).toSorted()
  }

  test('a push mirror deletes tags and repositories that have gone at the source, and nothing else', async () => {
    const { project, remove } = await givenTags(here)
    await pushImage(here, `${project}/lib`, { tag: 'v1' })
    const target = fresh('mirror')
    const policy = await givenPolicy(here, {
      dest_registry: { id: toThere },
      dest_namespace: target,
      deletion: true,
      filters: filtersOf(project),
    })
    await run(here, policy)
    await pushImage(there, `${target}/app`, { tag: 'own' })
    await pushImage(there, `${target}/other`, { tag: 'v1' })
    await remove('app/artifacts/v0')
    await remove('lib')
    const seen = await preview(policy)
    assert.deepEqual([seen.delete, seen.copy, seen.skip, seen.problems], [2, 0, 9, []])
    assert.equal((await drift(policy)).extra, 2)
    const execution = await run(here, policy)
    assert.equal(execution.status, 'Succeed', execution.status_text + (await logsOf(here, execution.id)))
    assert.deepEqual(await tagsAt(there, `${target}/app`), [
      'own',
      ...Array.from({ length: 9 }, (_, at) => `v${at + 1}`),
    ])
    assert.deepEqual(await tagsAt(there, `${target}/lib`), [])
    assert.deepEqual(await tagsAt(there, `${target}/other`), ['v1'])
    const { same, missing, different, extra } = await drift(policy)
    assert.deepEqual([same, missing, different, extra], [9, 0, 0, 0])
  })

  test('a pull mirror does the same in Marina', async () => {
    const { project, remove } = await givenTags(there)
    const made = fresh('pulled')
    const policy = await givenPolicy(here, {
      src_registry: { id: fromThere },
      dest_namespace: made,
      deletion: true,
      filters: filtersOf(project),
    })
    await run(here, policy)
    assert.equal((await tagsAt(here, `${made}/app`)).length, 10)
    await remove('app/artifacts/v3')
    const execution = await run(here, policy)
    assert.equal(execution.status, 'Succeed', execution.status_text)
    assert.ok(!(await tagsAt(here, `${made}/app`)).includes('v3'))
  })

  test('a registry that deletes whole images alone loses an image whose tags have all gone', async () => {
    const { project, remove } = await givenTags(here)
    const image = await pushImage(here, `${project}/app`, { tag: 'v-signed' })
    await pushReferrer(here, `${project}/app`, image)
    const target = fresh('mirror')
    const policy = await givenPolicy(here, {
      dest_registry: { id: toDocker },
      dest_namespace: target,
      deletion: true,
      filters: filtersOf(project),
    })
    await run(here, policy)
    await remove('app/artifacts/v-signed')
    const execution = await run(here, policy)
    assert.equal(execution.status, 'Succeed', execution.status_text + (await logsOf(here, execution.id)))
    const left = await dockerTags(`${target}/app`)
    assert.ok(!left.includes('v-signed') && left.includes('v1'), String(left))
  })

  test('a mirror that would delete more than the allowed share deletes nothing, unless it is told to', async () => {
    const { project, remove } = await givenTags(here, 4)
    const target = fresh('mirror')
    const policy = await givenPolicy(here, {
      dest_registry: { id: toThere },
      dest_namespace: target,
      deletion: true,
      filters: filtersOf(project),
    })
    await run(here, policy)
    await remove('app/artifacts/v0')
    await remove('app/artifacts/v1')
    await pushImage(here, `${project}/app`, { tag: 'v9' })
    assert.match((await preview(policy)).problems.join(), /2 of 4 tags would be deleted/)
    const refused = await run(here, policy)
    assert.deepEqual([refused.status, refused.succeed], ['Failed', 1])
    assert.match(refused.status_text, /2 of 4 tags would be deleted at the target \(50 %\), more than the 25 %/)
    assert.deepEqual(await tagsAt(there, `${target}/app`), ['v0', 'v1', 'v2', 'v3', 'v9'])
    assert.equal((await run(here, policy, { allow_deletion: true })).status, 'Succeed')
    assert.deepEqual(await tagsAt(there, `${target}/app`), ['v2', 'v3', 'v9'])
  })

  test('a source that cannot be listed in full loses nothing at the target', async () => {
    const { project } = await givenTags(there, 3)
    const own = await openDockerRegistry()
    const endpoint = await givenEndpoint(here, own.url, { type: 'docker-registry' })
    const made = fresh('pulled')
    const push = await givenPolicy(there, {
      dest_registry: { id: await givenEndpoint(there, own.url, { type: 'docker-registry' }) },
      filters: filtersOf(project),
    })
    assert.equal((await run(there, push)).status, 'Succeed')
    const policy = await givenPolicy(here, {
      src_registry: { id: endpoint },
      dest_namespace: made,
      deletion: true,
      filters: filtersOf(project),
    })
    assert.equal((await run(here, policy)).status, 'Succeed')
    const before = await tagsAt(here, `${made}/app`)
    // Nothing is left at this address: every list fails.
    await own[Symbol.asyncDispose]()
    const problem = await callApi(here, 'POST', `/replication/policies/${policy}/preview`, { as: here.admin })
    expectAnswer(problem, 400, 'BAD_REQUEST')
    const { id } = await create(here, policy)
    assert.deepEqual(await tagsAt(here, `${made}/app`), before)
    expectAnswer(await callApi(here, 'PUT', `/replication/executions/${id}`, { as: here.admin }), 200)
  })

  async function create(marina: TestMarina, policy: number) {
    const answer = await callApi(marina, 'POST', '/replication/executions', {
      as: marina.admin,
      body: { policy_id: policy },
    })
    return { id: Number(/\d+$/.exec(answer.headers.location!)![0]) }
  }

  test('where two policies fill one repository, neither deletes in it', async () => {
    const first = await givenTags(here, 5)
    const second = await givenTags(here, 5)
    const target = fresh('shared')
    const policies = []
    for (const { project } of [first, second])
      policies.push(
        await givenPolicy(here, {
          dest_registry: { id: toThere },
          dest_namespace: target,
          deletion: true,
          override: true,
          filters: filtersOf(project),
        }),
      )
    for (const policy of policies) await run(here, policy)
    await first.remove('app/artifacts/v0')
    const execution = await run(here, policies[0]!)
    assert.equal(execution.status, 'Succeed')
    assert.ok((await tagsAt(there, `${target}/app`)).includes('v0'))
    const { rows } = await planLog(execution.id)
    assert.match(rows, /nothing is deleted, as other policies fill it, too/)
  })

  async function planLog(executionId: number) {
    const task = await here.ground.db.row<{ id: number }>({
      name: '',
      text: 'select min(id) as id from task where execution_id = $1',
      values: [executionId],
    })
    return { rows: await logOf(here, executionId, task!.id) }
  }

  test('a preview shows names, sizes, what is kept, and what collides, and changes nothing', async () => {
    const { project } = await givenTags(here, 2)
    const image = await pushImage(here, `${project}/deep/app`, { tag: 'v5' })
    const target = fresh('seen')
    const body = {
      name: fresh('unsaved'),
      dest_registry: { id: toThere },
      dest_namespace: target,
      filters: filtersOf(project),
    }
    const unsaved = expectAnswer(
      await callApi(here, 'POST', '/replication/preview', { as: here.admin, body }),
      200,
    ).json() as Preview
    assert.deepEqual([unsaved.is_complete, unsaved.copy, unsaved.delete], [true, 3, 0])
    assert.deepEqual(unsaved.collisions, [
      { target: `${target}/app`, sources: [`${project}/app`, `${project}/deep/app`] },
    ])
    const shown = unsaved.artifacts.find(({ tag }) => tag === 'v5')!
    assert.deepEqual([shown.source, shown.target, shown.action], [`${project}/deep/app`, `${target}/app`, 'copy'])
    assert.ok(shown.size > image.content.length && unsaved.bytes >= shown.size)
    assert.deepEqual(await tagsAt(there, `${target}/app`), [])
    const cut = expectAnswer(
      await callApi(here, 'POST', '/replication/preview?limit=1', { as: here.admin, body }),
      200,
    ).json() as Preview
    assert.deepEqual([cut.is_complete, cut.artifacts.length], [false, 1])
    const deep = { ...body, dest_namespace_replace_count: 2 }
    const problems = expectAnswer(
      await callApi(here, 'POST', '/replication/preview', { as: here.admin, body: deep }),
      200,
    ).json() as Preview
    assert.match(problems.problems.join(), /flattening level is 2/)
  })

  test('a drift report tells what is missing or different, and a preview what would become of it', async () => {
    const { project } = await givenTags(here, 3)
    const target = fresh('drift')
    const policy = await givenPolicy(here, {
      dest_registry: { id: toThere },
      dest_namespace: target,
      filters: filtersOf(project),
    })
    await run(here, policy)
    await pushImage(here, `${project}/app`, { tag: 'v1' })
    await pushImage(here, `${project}/app`, { tag: 'v7' })
    const { artifacts, ...counts } = await drift(policy)
    assert.deepEqual({ ...counts }, { is_complete: true, same: 2, missing: 1, different: 1, extra: 0 })
    assert.deepEqual(artifacts.map(({ tag, action }) => `${tag} ${action}`).toSorted(), ['v1 different', 'v7 missing'])
    const seen = await preview(policy)
    assert.deepEqual([seen.copy, seen.keep, seen.overwrite, seen.skip], [1, 1, 0, 2])
  })
})

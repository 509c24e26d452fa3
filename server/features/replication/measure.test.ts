import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { create } from '../../testing/api.ts'
import { fresh, givenProject, pushImage } from '../../testing/given.ts'
import { eventually } from '../../testing/http.ts'
import { ended, get, givenEndpoint, givenPolicy, openPairScene, run, tagsAt } from './replication.suite.ts'

const { here, there, toThere } = await openPairScene()

/** What the metrics say of an endpoint; undefined where they do not name it. */
async function measured(endpointId: number) {
  const { name } = await get<{ name: string }>(here, `/registries/${endpointId}`)
  const text = await here.ground.metrics.registry.metrics()
  const read = (metric: string) => {
    const [, value] = new RegExp(`^marina_replication_${metric}\\{endpoint="${name}"\\} (\\S+)$`, 'm').exec(text) ?? []
    return value === undefined ? undefined : Number(value)
  }
  return { bytes: read('bytes'), tasks: read('tasks'), errors: read('errors'), behind: read('behind_seconds') }
}

const bytesOf = async (repository: string) =>
  (await here.ground.db.row<{ bytes: number }>(sql`
    select sum(size)::float8 as bytes from blob where id in (
      select blob_id from repository_blob join repository on repository.id = repository_id
      where repository.name = ${repository})`))!.bytes

test('metrics count bytes, tasks and errors of each endpoint, and no other has them', async () => {
  const { name: project } = await givenProject(here)
  for (const name of ['one', 'two']) await pushImage(here, `${project}/${name}`, { tag: 'v1', layers: 2 })
  const other = await givenEndpoint(here, there.url, {
    credential: { type: 'basic', access_key: there.admin.name, access_secret: there.admin.password },
  })
  const unused = await measured(other)
  assert.deepEqual(unused, { bytes: undefined, tasks: undefined, errors: undefined, behind: undefined })
  const target = fresh('measured')
  const make = (more: object) =>
    givenPolicy(here, {
      dest_registry: { id: other },
      dest_namespace: target,
      filters: [{ type: 'name', value: `${project}/**` }],
      ...more,
    })
  const before = await measured(toThere)
  const policy = await make({})
  assert.deepEqual(await measured(other), { bytes: 0, tasks: 0, errors: 0, behind: 0 })
  assert.equal((await run(here, policy)).status, 'Succeed')
  const sent = (await bytesOf(`${project}/one`)) + (await bytesOf(`${project}/two`))
  assert.deepEqual(await measured(other), { bytes: sent, tasks: 2, errors: 0, behind: 0 })
  // Everything is there already: tasks, but no bytes.
  assert.equal((await run(here, policy)).status, 'Succeed')
  assert.deepEqual(await measured(other), { bytes: sent, tasks: 4, errors: 0, behind: 0 })
  // A project that cannot hold a byte more refuses both repositories.
  const full = fresh('full')
  await create(there, '/projects', there.admin, { project_name: full, storage_limit: 1 })
  await pushImage(here, `${project}/one`, { tag: 'v2' })
  const failing = await make({ dest_namespace: full })
  assert.equal((await run(here, failing)).failed, 2)
  const { tasks, errors } = await measured(other)
  assert.deepEqual([tasks, errors], [6, 2])
  assert.deepEqual(await measured(toThere), before)
})

test('an event that waits makes its endpoint lag behind, by its age, until it is copied', async () => {
  const { name: project } = await givenProject(here)
  const target = fresh('behind')
  await givenPolicy(here, {
    dest_registry: { id: toThere },
    dest_namespace: target,
    trigger: { type: 'event_based' },
    filters: [{ type: 'name', value: `${project}/**` }],
  })
  assert.equal((await measured(toThere)).behind, 0)
  await here.ground.db.run(sql`insert into paused_queue (job_type) values ('REPLICATION_PLAN')`)
  await pushImage(here, `${project}/app`, { tag: 'v1' })
  const first = await eventually(async () => {
    const { behind } = await measured(toThere)
    assert.ok(behind! > 0, String(behind))
    return behind!
  })
  assert.ok((await measured(toThere)).behind! > first)
  await here.ground.db.run(sql`delete from paused_queue where job_type = 'REPLICATION_PLAN'`)
  await eventually(async () => assert.deepEqual(await tagsAt(there, `${target}/app`), ['v1']))
  const [execution] = await get<{ id: number }[]>(here, '/replication/executions?page_size=1&trigger=event_based')
  assert.equal((await ended(here, execution!.id)).status, 'Succeed')
  await eventually(async () => assert.equal((await measured(toThere)).behind, 0))
})

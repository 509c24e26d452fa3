/** The operation that lists the repositories pulled most, and what a pull changes. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { givenProject, pushImage } from '../../testing/given.ts'
import { eventually, expectAnswer, type Person } from '../../testing/http.ts'
import { openScene } from '../../testing/scene.ts'
import { givenUsed } from '../../testing/used.ts'
import { pulledMost } from './pulled-most.suite.ts'
import { listTop } from './store.ts'

const { marina, rest, cast } = await openScene()
const { admin } = marina
const { db } = marina.ground

type Shown = {
  id: number
  name: string
  pull_count: number
  update_time: string
  last_pull_time?: string
  last_push_time?: string
}
const ask = async <Body>(method: string, path: string, as: Person | undefined = admin): Promise<Body> =>
  expectAnswer(await rest(method, path, as), 200).json() as Body
const top = (query = '', as: Person | undefined = admin) => ask<Shown[]>('GET', `/repositories/top${query}`, as)

suite('the repositories pulled most', () => {
  test('S2-26, S2-27, S2-28: ten, or as many as asked for, or all there are; in the order of their pulls', async () => {
    const project = await givenProject(marina)
    const name = (one: string) => `${project.name}/${one}`
    for (const { name: one, pulls } of pulledMost.toReversed())
      await givenUsed(db, { name: name(one), projectId: project.id, pulls })
    for (let at = 0; at < 109; at++)
      await givenUsed(db, { name: name(`rest-${at}`), projectId: project.id, pulls: at % 14 })
    const within = `project_ids=${project.id}`
    assert.equal((await top(`?${within}`)).length, 10)
    const hundred = await top(`?count=100&${within}`)
    assert.deepEqual(
      hundred.map((one) => one.pull_count),
      pulledMost.map(({ pulls }) => pulls),
    )
    // Of as many pulls, the names are in byte order: the list of the notes has them so, too.
    const byName = pulledMost.toSorted((a, b) => b.pulls - a.pulls || (a.name < b.name ? -1 : 1))
    assert.deepEqual(
      hundred.map((one) => one.name),
      byName.map((one) => name(one.name)),
    )
    assert.equal((await top(`?count=1000&${within}`)).length, 209)
  })

  test('S2-03: each has its id, project, description, counts and times', async () => {
    const project = await givenProject(marina)
    await pushImage(marina, `${project.name}/app`, { tag: 'one' })
    await pushImage(marina, `${project.name}/app`, { tag: 'two' })
    await rest('PUT', `/projects/${project.name}/repositories/app`, admin, { description: 'the shop' })
    const [shown] = (await top(`?project_ids=${project.id}`)) as unknown as Record<string, unknown>[]
    const { id, creation_time, update_time, last_push_time, ...others } = shown!
    assert.deepEqual(others, {
      name: `${project.name}/app`,
      project_id: project.id,
      description: 'the shop',
      pull_count: 0,
      star_count: 0,
      tags_count: 2,
    })
    assert.ok(Number(id) > 0)
    for (const time of [creation_time, update_time, last_push_time]) assert.ok(Date.parse(String(time)) > 0)
  })

  test('S2-04: only of projects one may see, and of those asked for; no project means no query', async () => {
    for (const project of [cast.A, cast.B, cast.P]) await pushImage(marina, `${project.name}/app`, { tag: 'v1' })
    const all = `?count=10000&project_ids=${cast.A.id},${cast.B.id},${cast.P.id}`
    const seen = async (as: Person | undefined, query = all) =>
      (expectAnswer(await rest('GET', `/repositories/top${query}`, as), 200).json() as Shown[]).map(({ name }) => name)
    assert.deepEqual(await seen(undefined), [`${cast.P.name}/app`])
    assert.deepEqual(await seen(cast.guA), [`${cast.A.name}/app`, `${cast.P.name}/app`].toSorted())
    assert.deepEqual(await seen(cast.guA, `?project_ids=${cast.B.id}`), [])
    assert.equal((await seen(cast.sys)).length, 3)
    assert.deepEqual(await seen(cast.sys, '?project_ids='), [])
    // In a transaction that has failed, PostgreSQL refuses every statement.
    const failed = db.transaction(async (tx) => {
      await assert.rejects(tx.run(sql`select 1 / 0`))
      await assert.rejects(listTop(tx, sql`true`, 10), /aborted/)
      assert.deepEqual(await listTop(tx, undefined, 10), [])
    })
    await failed.catch((error: unknown) => assert.doesNotMatch(String(error), /AssertionError/))
  })

  test('bad counts and ids are refused', async () => {
    for (const query of [
      'count=0',
      'count=10001',
      'project_ids=x',
      'project_ids=1,,2',
      `project_ids=${'1,'.repeat(4100)}1`,
    ])
      expectAnswer(await rest('GET', `/repositories/top?${query}`, admin), 400, 'BAD_REQUEST')
    expectAnswer(await rest('GET', '/repositories/top?count=many', admin), 422, 'UNPROCESSABLE_ENTITY')
    expectAnswer(await rest('GET', `/repositories/top?project_ids=${'1,'.repeat(1000)}1`, admin), 400, 'BAD_REQUEST')
  })
})

test('S2-05, S2-06, S2-30: a pull counts for repository, artifact and tag, and has a time of its own', async () => {
  const project = await givenProject(marina)
  const at = `${project.name}/app`
  const image = await pushImage(marina, at, { tag: 'one' })
  await pushImage(marina, at, { tag: 'other' })
  type Held = { push_time: string; pull_time: string; pull_count: number }
  const look = async () => {
    const path = `/projects/${project.name}/repositories/app`
    const [repository] = await top(`?project_ids=${project.id}`)
    const artifacts = await ask<(Held & { digest: string; tags: (Held & { name: string })[] })[]>(
      'GET',
      `${path}/artifacts?sort=digest`,
    )
    const of = (digest: boolean) => artifacts.find((one) => (one.digest === image.digest) === digest)!
    return { repository: repository!, pulled: of(true), other: of(false), alone: await ask<Shown>('GET', path) }
  }
  const before = await look()
  assert.deepEqual([before.repository.last_pull_time, before.alone.last_pull_time], [undefined, undefined])
  for (let times = 0; times < 2; times++)
    expectAnswer(await marina.ask('GET', `/v2/${at}/manifests/one`, { as: admin }), 200)
  const after = await eventually(async () => {
    const seen = await look()
    assert.equal(seen.repository.pull_count, 2)
    return seen
  })
  assert.deepEqual([after.pulled.pull_count, after.pulled.tags[0]!.pull_count], [2, 2])
  assert.ok(Date.parse(after.repository.last_pull_time!) > Date.parse(after.repository.last_push_time!) - 1)
  assert.deepEqual(
    [after.alone.last_pull_time, after.pulled.pull_time, after.pulled.tags[0]!.pull_time],
    [1, 2, 3].map(() => after.repository.last_pull_time),
  )
  assert.deepEqual(after.other, before.other)
  for (const key of ['update_time', 'last_push_time'] as const) {
    assert.equal(after.repository[key], before.repository[key])
  }
  assert.equal(after.pulled.push_time, before.pulled.push_time)

  await pushImage(marina, at, { tag: 'third' })
  const pushed = await look()
  assert.ok(Date.parse(pushed.repository.last_push_time!) > Date.parse(before.repository.last_push_time!))
  assert.equal(pushed.repository.last_pull_time, after.repository.last_pull_time)
})

/** What a cluster runs, among the least used repositories. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { fresh, givenMember, givenProject } from '../../testing/given.ts'
import { expectAnswer, type Person } from '../../testing/http.ts'
import { openScene } from '../../testing/scene.ts'
import { daysAgo, givenPulls, givenUsed } from '../../testing/used.ts'

const { marina, rest } = await openScene()
const { admin } = marina
const { db } = marina.ground

type Shown = { name: string; score: number; running?: boolean; running_in?: string }
type Lowest = { repositories: Shown[]; running: Shown[] }
const ask = async <Body>(method: string, path: string, body?: unknown, as: Person = admin): Promise<Body> =>
  expectAnswer(await rest(method, path, as, body), 200).json() as Body
const names = (rows: Shown[]) => rows.map(({ name }) => name.split('/')[1])

/** Repositories `a` to `e`, each pulled less than the next; of `a`, `c` and `e` a cluster runs something. */
async function givenRunning() {
  const project = await givenProject(marina, { isPublic: true })
  const made = new Map<string, Awaited<ReturnType<typeof givenUsed>>>()
  for (const [place, name] of ['a', 'b', 'c', 'd', 'e'].entries())
    made.set(
      name,
      await givenUsed(db, {
        name: `${project.name}/${name}`,
        projectId: project.id,
        pulls: place + 1,
        pulledAt: daysAgo(90 - place),
      }),
    )
  const cluster = fresh('production')
  const images = ['a', 'c', 'e'].map((name) => ({
    repository: `${project.name}/${name}`,
    digest: made.get(name)!.digest,
    workload: `default/${name}`,
  }))
  await ask('POST', '/deployments', { cluster, images, ttl_seconds: 3600 })
  return { project, cluster, made }
}

test('a score says what runs; who may delete learns where, and everybody else only that it does', async () => {
  const { project, cluster } = await givenRunning()
  const guest = await givenMember(marina, project, 'guest')
  for (const as of [admin, guest]) {
    const rows = await ask<Shown[]>('GET', `/repositories/scores?project_ids=${project.id}`, undefined, as)
    assert.deepEqual(
      rows.map(({ name, running, running_in: places }) => [name.split('/')[1], running, places]),
      [
        ['a', true, undefined],
        ['b', undefined, undefined],
        ['c', true, undefined],
        ['d', undefined, undefined],
        ['e', true, undefined],
      ],
    )
  }
  const anonymous = await marina.ask('GET', `/api/v2.0/repositories/scores?project_ids=${project.id}`)
  assert.equal((anonymous.json() as Shown[])[0]!.running, true)
  assert.ok(!anonymous.text.includes(cluster))
})

test('the lowest leave out what runs and name it with its place; what is above them is not named', async () => {
  const { project, cluster } = await givenRunning()
  const lowest = (count: number) =>
    ask<Lowest>('GET', `/repositories/scores/lowest?count=${count}&project_ids=${project.id}`)
  const one = await lowest(1)
  assert.deepEqual([names(one.repositories), names(one.running)], [['b'], ['a']])
  assert.equal(one.running[0]!.running_in, `${cluster} (default/a)`)
  const two = await lowest(2)
  assert.deepEqual(
    [names(two.repositories), names(two.running)],
    [
      ['b', 'd'],
      ['a', 'c'],
    ],
  )
  const all = await lowest(10)
  assert.deepEqual(
    [names(all.repositories), names(all.running)],
    [
      ['b', 'd'],
      ['a', 'c', 'e'],
    ],
  )
  await db.run(sql`update deployment set expires_at = clock_timestamp() where cluster = ${cluster}`)
  const later = await lowest(2)
  assert.deepEqual([names(later.repositories), later.running], [['a', 'b'], []])
})

test('a simulation names what runs now, and counts the pulls that would have failed all the same', async () => {
  const { project, cluster, made } = await givenRunning()
  for (const name of ['a', 'b']) await givenPulls(db, made.get(name)!, 0, 4)
  await db.run(sql`
    update repository set pull_count = pull_count + 4 where project_id = ${project.id}`)
  const body = { days: 2, count: 2, project_ids: [project.id] }
  const { repositories } = await ask<{ repositories: (Shown & { failed_pulls: number })[] }>(
    'POST',
    '/repositories/scores/simulate',
    body,
  )
  assert.deepEqual(
    repositories.map((one) => [one.name.split('/')[1], one.failed_pulls, one.running_in]),
    [
      ['a', 4, `${cluster} (default/a)`],
      ['b', 4, undefined],
    ],
  )
})

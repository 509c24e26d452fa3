/** The operations that list repositories by their use, and the rules of scores. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { factsSince, lastFact } from '../../testing/api.ts'
import { fresh, givenMember, givenProject, pushImage } from '../../testing/given.ts'
import { eventually, expectAnswer, type Person } from '../../testing/http.ts'
import { randomOf } from '../../testing/random.ts'
import { openScene } from '../../testing/scene.ts'
import { presets } from './presets.ts'
import { pulledMost } from './pulled-most.suite.ts'
import { scoreOf, type FactorName, type Rules } from './rules.ts'
import { listTop } from './store.ts'
import { daysAgo, givenUsed } from './used.suite.ts'

const { marina, rest, cast } = await openScene()
const { admin } = marina
const { db } = marina.ground

type Shown = {
  id: number
  name: string
  pull_count: number
  tags_count: number
  update_time: string
  last_pull_time?: string
  last_push_time?: string
  score: number
  factors: Record<string, { value: number; tier: string; share: number }>
}
const ask = async <Body>(method: string, path: string, body?: unknown, as: Person | undefined = admin): Promise<Body> =>
  expectAnswer(await rest(method, path, as, body), 200).json() as Body
const top = (query = '', as: Person | undefined = admin) =>
  ask<Shown[]>('GET', `/repositories/top${query}`, undefined, as)
const scores = (query: string) => ask<Shown[]>('GET', `/repositories/scores?page_size=100&${query}`)

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

  test('S2-04: only of projects that the caller may see, and of those asked for; no project means no query', async () => {
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

test('S2-05, S2-06, S2-30: a pull counts for repository, artifact and tag, and changes no other time; nor a push that of the pull', async () => {
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

suite('scores', () => {
  /** The order of S2-20, written down once more: score, last pull, pulls, name. */
  const inOrder = (a: Shown, b: Shown) =>
    a.score - b.score ||
    Date.parse(a.last_pull_time ?? '0001-01-01') - Date.parse(b.last_pull_time ?? '0001-01-01') ||
    a.pull_count - b.pull_count ||
    (a.name < b.name ? -1 : 1)

  test('S2-12, S2-20: the database and the rules come to the same scores, in one order, on random repositories', async () => {
    const project = await givenProject(marina)
    const random = randomOf(32)
    const pick = <Of>(...of: Of[]): Of => of[Math.floor(random() * of.length)]!
    const ages = [undefined, 0.2, 6.9, 7.1, 7.9, 8.1, 29.9, 30.5, 31.1, 364.9, 365.1]
    const days = () => {
      const age = pick(...ages)
      return age === undefined ? undefined : daysAgo(age)
    }
    for (let at = 0; at < 90; at++) {
      await givenUsed(db, {
        name: `${project.name}/r${at}`,
        projectId: project.id,
        pulls: pick(0, 9, 10, 49, 50, 99, 100, 999, 1000),
        pulledAt: days(),
        pushedAt: days() ?? daysAgo(50),
        createdAt: daysAgo(400),
        tags: pick(1, 2, 3, 5, 9, 10, 20),
      })
    }
    for (const [preset, rules] of Object.entries(presets) as ['default' | 'few-tags', Rules][]) {
      const shown = await scores(`preset=${preset}&project_ids=${project.id}`)
      assert.equal(shown.length, 90)
      for (const one of shown) {
        const values = Object.entries(one.factors).map(([name, { value }]) => [name, value] as const)
        const { score, shares } = scoreOf(rules, {
          age_days: 400,
          ...(Object.fromEntries(values) as Record<'last_pull_days' | 'pull_count' | 'tags_count', number>),
        })
        assert.equal(one.score, score, one.name)
        assert.deepEqual(
          values.map(([name]) => one.factors[name]!.share),
          values.map(([name]) => shares[name as FactorName].share),
        )
      }
      assert.deepEqual(shown, shown.toSorted(inOrder))
      assert.ok(new Set(shown.map((one) => one.score)).size < 40, 'many share a score, so that the order matters')
    }
  })

  test('S2-23: 7.9 days count as 7; what was never pulled counts from its newest push', async () => {
    const project = await givenProject(marina)
    const used = (name: string, more: object) =>
      givenUsed(db, { name: `${project.name}/${name}`, projectId: project.id, pulls: 50, tags: 10, ...more })
    await used('pulled', { pulledAt: daysAgo(7.9), pushedAt: daysAgo(90) })
    await used('pushed', { pushedAt: daysAgo(12.5) })
    await used('older', { pulledAt: daysAgo(31.5), pushedAt: daysAgo(1) })
    const shown = await scores(`project_ids=${project.id}`)
    assert.deepEqual(
      shown.map(({ name, score, factors: { last_pull_days: days } }) => [
        name.slice(project.name.length + 1),
        score,
        days!.value,
        days!.tier,
      ]),
      [
        ['older', 80, 31, '31 or more'],
        ['pushed', 85, 12, '8 to 30'],
        ['pulled', 90, 7, 'less than 8'],
      ],
    )
  })

  test('S2-01: only repositories that hold something are scored, page by page, and only those one may see', async () => {
    const project = await givenProject(marina)
    await givenUsed(db, { name: `${project.name}/a`, projectId: project.id, pulls: 1 })
    await givenUsed(db, { name: `${project.name}/b`, projectId: project.id, pulls: 2 })
    await db.run(sql`insert into repository (project_id, name) values (${project.id}, ${`${project.name}/empty`})`)
    const page = expectAnswer(
      await rest('GET', `/repositories/scores?page_size=1&page=2&project_ids=${project.id}`, admin),
      200,
    )
    assert.equal(page.headers['x-total-count'], '2')
    assert.deepEqual(
      (page.json() as Shown[]).map(({ name }) => name),
      [`${project.name}/b`],
    )
    const stranger = expectAnswer(await rest('GET', `/repositories/scores?project_ids=${project.id}`, cast.uaB), 200)
    assert.deepEqual(stranger.json(), [])
  })
})

suite('the least used that the caller may delete', () => {
  type Lowest = { repositories: Shown[]; freed_bytes: number; restorable_seconds: number }
  const lowest = (query: string, as: Person = admin) =>
    ask<Lowest>('GET', `/repositories/scores/lowest?${query}`, undefined, as)

  test('S2-24: come with the bytes that nothing else holds, and with how long they can be restored', async () => {
    const project = await givenProject(marina)
    const image = await pushImage(marina, `${project.name}/old`, { tag: '1', layers: 2 })
    const blobs = async () =>
      (await db.row<{ bytes: number }>(sql`
        select sum(size)::bigint as bytes from blob where digest = any(${[image.config, ...image.layers]}::text[])`))!
        .bytes
    const found = await lowest(`project_ids=${project.id}`)
    assert.equal(found.freed_bytes, (await blobs()) + image.content.length)
    assert.equal(found.restorable_seconds, 168 * 3600)
    // Another repository holds the same layers: of these nothing would be freed.
    const mounted = fresh('twin')
    for (const digest of [image.config, ...image.layers])
      expectAnswer(
        await marina.ask(
          'POST',
          `/v2/${project.name}/${mounted}/blobs/uploads/?mount=${digest}&from=${project.name}/old`,
          { as: admin },
        ),
        201,
      )
    assert.equal((await lowest(`project_ids=${project.id}`)).freed_bytes, image.content.length)
  })

  test('are those of projects where the caller may delete repositories', async () => {
    const project = await givenProject(marina)
    await givenUsed(db, { name: `${project.name}/a`, projectId: project.id, pulls: 1 })
    for (const [role, count] of [
      ['projectAdmin', 1],
      ['maintainer', 1],
      ['developer', 0],
      ['guest', 0],
    ] as const) {
      const found = await lowest('count=100', await givenMember(marina, project, role))
      assert.equal(found.repositories.length, count, role)
    }
    expectAnswer(await rest('GET', '/repositories/scores/lowest', undefined), 401, 'UNAUTHORIZED')
  })
})

suite('the rules', () => {
  type Stored = { preset: string; factors: Rules; ties: { score: number }[]; combinations: number }
  test('S2-21, S2-22: an administrator sets a preset or factors, and the answer names the ties', async () => {
    assert.equal((await ask<Stored>('GET', '/system/scores')).preset, 'default')
    const since = await lastFact(marina)
    const few = await ask<Stored>('PUT', '/system/scores', { preset: 'few-tags' })
    assert.deepEqual([few.preset, few.combinations], ['few-tags', 48])
    const factors = { ...few.factors, tags_count: { ...few.factors.tags_count, weight: 0 } }
    const own = await ask<Stored>('PUT', '/system/scores', { factors })
    assert.deepEqual([own.preset, own.combinations], ['custom', 12])
    assert.deepEqual(await ask<Stored>('GET', '/system/scores'), own)
    assert.deepEqual(
      (await factsSince(marina, since)).map(({ topic, payload }) => [topic, payload.preset]),
      [
        ['score-rules.updated', 'few-tags'],
        ['score-rules.updated', 'custom'],
      ],
    )
    const shown = await ask<Shown[]>('GET', '/repositories/scores')
    assert.ok(shown.length > 0 && shown.every((one) => !('tags_count' in one.factors)))
    const back = await ask<Stored>('PUT', '/system/scores', { preset: 'default' })
    assert.deepEqual(
      back.ties.map(({ score }) => score),
      [77, 78, 79, 80, 82, 83, 84, 85],
    )
  })

  test('S2-21: rules that cannot be used are refused and change nothing', async () => {
    const before = await ask<Stored>('GET', '/system/scores')
    const { tags_count: tags } = before.factors
    const bad: [unknown, number, RegExp][] = [
      [{}, 400, /preset or factors/],
      [{ preset: 'default', factors: before.factors }, 400, /exclude each other/],
      [{ factors: { ...before.factors, tags_count: { ...tags, weight: 15 } } }, 400, /whole hundredths/],
      [{ factors: { ...before.factors, tags_count: { ...tags, weight: 101 } } }, 400, /weight/],
      [{ preset: 'best' }, 422, /few-tags/],
      [{ factors: { tags_count: tags } }, 422, /last_pull_days/],
    ]
    const codes: Record<number, string> = { 400: 'BAD_REQUEST', 422: 'UNPROCESSABLE_ENTITY' }
    for (const [body, status, words] of bad)
      assert.match(expectAnswer(await rest('PUT', '/system/scores', admin, body), status, codes[status]).text, words)
    expectAnswer(await rest('PUT', '/system/scores', cast.uaA, { preset: 'few-tags' }), 403, 'FORBIDDEN')
    assert.deepEqual(await ask<Stored>('GET', '/system/scores'), before)
  })
})

test('S2-06, S2-24: a repository that is restored has its pulls, the time of the last one and its creation again', async () => {
  const project = await givenProject(marina)
  await pushImage(marina, `${project.name}/app`, { tag: '1' })
  await db.run(sql`
    update repository set pull_count = 77, pulled_at = ${daysAgo(3)}, created_at = ${daysAgo(50)}
    where name = ${`${project.name}/app`}`)
  const path = `/projects/${project.name}/repositories/app`
  const [before] = await scores(`project_ids=${project.id}`)
  expectAnswer(await rest('DELETE', path, admin), 200)
  const [entry] = await ask<{ id: number }[]>('GET', `/projects/${project.name}/trash`)
  await ask('POST', `/projects/${project.name}/trash/${entry!.id}/restore`)
  const [after] = await scores(`project_ids=${project.id}`)
  assert.deepEqual({ ...after, id: 0, update_time: '' }, { ...before, id: 0, update_time: '' })
  assert.equal(after!.pull_count, 77)
})

/** The operations that list repositories by their score, and the rules of scores. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { factsSince, lastFact } from '../../testing/api.ts'
import { fresh, givenMember, givenProject, pushImage } from '../../testing/given.ts'
import { expectAnswer, type Person } from '../../testing/http.ts'
import { randomOf } from '../../testing/random.ts'
import { openScene } from '../../testing/scene.ts'
import { presets } from './presets.ts'
import { scoreOf, type FactorName, type Rules } from './rules.ts'
import { daysAgo, givenUsed } from '../../testing/used.ts'

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
const scores = (query: string) => ask<Shown[]>('GET', `/repositories/scores?page_size=100&${query}`)

suite('scores', () => {
  /** The order of S2-20, written down once more: score, last pull, pulls, name. */
  const inOrder = (a: Shown, b: Shown) =>
    a.score - b.score ||
    Date.parse(a.last_pull_time ?? '0001-01-01') - Date.parse(b.last_pull_time ?? '0001-01-01') ||
    a.pull_count - b.pull_count ||
    (a.name < b.name ? -1 : 1)

  test('S2-12, S2-20: database and rules come to the same scores, in one order, for random repositories', async () => {
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

  test('S2-01: repositories that hold something and that one may see are scored, page by page', async () => {
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

test('S2-06, S2-24: a restored repository has its pulls, the time of the last one and its creation again', async () => {
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

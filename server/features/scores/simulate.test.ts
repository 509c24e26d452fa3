/** Pulls by day: how they are recorded and swept, and what a simulated deletion finds in them. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { RepositoryName } from '../../../oci/reference.ts'
import { openPullCounter } from '../../catalog/pulls.ts'
import { sql } from '../../platform/db/sql.ts'
import { givenMember, givenProject, pushImage } from '../../testing/given.ts'
import { eventually, expectAnswer, type Person } from '../../testing/http.ts'
import { randomOf } from '../../testing/random.ts'
import { openScene } from '../../testing/scene.ts'
import { openTestMarina } from '../../testing/server.ts'
import { openRest } from '../../testing/rest.ts'
import { presets } from './presets.ts'
import { pullDaySweep } from './pull-days.ts'
import { pulledMost } from './pulled-most.suite.ts'
import { scoreOf } from './rules.ts'
import { dayAgo, daysAgo, givenPulls, givenUsed, type Used } from '../../testing/used.ts'

const { marina, rest } = await openScene()
const { admin } = marina
const { db } = marina.ground
const dayMs = 86_400_000

type Simulation = {
  from: string
  recorded_from?: string
  failed_pulls: number
  repositories: {
    name: string
    score: number
    failed_pulls: number
    last_failed_day?: string
    pulls: { day: string; digest?: string; count: number }[]
  }[]
}
const simulate = async (body: object, as: Person = admin) =>
  expectAnswer(await rest('POST', '/repositories/scores/simulate', as, body), 200).json() as Simulation

/** All dates of a test are of one day: a test that runs over midnight in UTC starts again. */
async function onOneDay(work: () => Promise<void>): Promise<void> {
  const day = dayAgo(0)
  try {
    await work()
  } catch (error) {
    if (dayAgo(0) === day) throw error
    await work()
  }
}

const total = (of: { count: number }[]) => of.reduce((sum, { count }) => sum + count, 0)

suite('the simulation', () => {
  test('S2-28: over the list of the notes: the least pulled ones go first, and each of their later pulls fails', () =>
    onOneDay(async () => {
      const project = await givenProject(marina)
      // All but the last ten were pulled a day before the ten days begin; each was pulled three times since.
      for (const [place, { name, pulls }] of pulledMost.entries()) {
        const made = await givenUsed(db, {
          name: `${project.name}/${name}`,
          projectId: project.id,
          pulls: pulls + 3,
          pulledAt: daysAgo(1),
          tags: 10,
        })
        await givenPulls(db, made, place < 90 ? 11 : 40, 1)
        await givenPulls(db, made, 5, 1)
        await givenPulls(db, made, 2, 2)
      }
      const found = await simulate({ days: 10, count: 10, project_ids: [project.id], preset: 'default' })
      assert.equal(found.from, dayAgo(9))
      assert.deepEqual(
        found.repositories.map(({ name, score }) => [name, score]),
        pulledMost
          .slice(90)
          .toSorted((a, b) => a.pulls - b.pulls || (a.name < b.name ? -1 : 1))
          .map(({ name }) => [`${project.name}/${name}`, 77]),
      )
      assert.equal(found.failed_pulls, 30)
      for (const one of found.repositories) {
        assert.deepEqual([one.failed_pulls, one.last_failed_day], [3, dayAgo(2)])
        assert.deepEqual(
          one.pulls.map(({ day, count }) => [day, count]),
          [
            [dayAgo(2), 2],
            [dayAgo(5), 1],
          ],
        )
      }
    }))

  test('agrees with a plain model that replays the pulls of random repositories', () =>
    onOneDay(async () => {
      const random = randomOf(2032)
      const below = (count: number) => Math.floor(random() * count)
      for (let round = 0; round < 4; round++) {
        const project = await givenProject(marina)
        const [days, count] = [1 + below(30), 1 + below(12)]
        const past = await Promise.all(Array.from({ length: 25 }, (_, at) => givenPast(project, at, below)))
        const found = await simulate({ days, count, project_ids: [project.id], preset: 'default' })
        const expected = replay(past, days, count)
        assert.deepEqual(
          found.repositories.map(({ name, score, failed_pulls: failed, pulls }) => [name, score, failed, total(pulls)]),
          expected.map(({ name, score, failed }) => [name, score, failed, failed]),
        )
        assert.equal(
          found.failed_pulls,
          expected.reduce((sum, { failed }) => sum + failed, 0),
        )
      }
    }))

  /** `history`: pulls by how many days ago, without a gap in what is recorded. */
  type Past = Required<Pick<Used, 'name' | 'pushedAt' | 'createdAt' | 'tags'>> & { history: [number, number][] }

  /** Six o'clock in UTC, so many days ago: far from the edges of days. */
  const at6 = (days: number) => new Date(`${dayAgo(days)}T06:00:00Z`)

  async function givenPast(
    project: { id: number; name: string },
    at: number,
    below: (count: number) => number,
  ): Promise<Past> {
    const [created, held] = [41 + below(40), below(60)]
    const past = {
      name: `${project.name}/r${at}`,
      createdAt: at6(created),
      pushedAt: at6(Math.max(0, created - held)),
      tags: 1 + below(12),
      history: Array.from({ length: below(6) }, (): [number, number] => [below(40), 1 + below(30)]),
    }
    const byDay = new Map<number, number>()
    for (const [day, pulls] of past.history) byDay.set(day, (byDay.get(day) ?? 0) + pulls)
    past.history = [...byDay]
    const last = past.history.length === 0 ? undefined : Math.min(...byDay.keys())
    const made = await givenUsed(db, {
      ...past,
      projectId: project.id,
      pulls: past.history.reduce((sum, [, pulls]) => sum + pulls, 0),
    })
    if (last !== undefined)
      await db.run(
        sql`update repository set pulled_at = ${new Date(`${dayAgo(last)}T00:00:00Z`)} where id = ${made.id}`,
      )
    for (const [day, pulls] of past.history) await givenPulls(db, made, day, pulls)
    return past
  }

  function replay(all: Past[], days: number, count: number) {
    const start = Date.parse(`${dayAgo(days - 1)}T00:00:00Z`)
    const there = all.filter((one) => +one.pushedAt < start && +one.createdAt < start)
    const then = there.map(({ name, pushedAt, createdAt, tags, history }) => {
      const before = history.filter(([day]) => day >= days)
      const pulledAt = before.length === 0 ? undefined : Date.parse(dayAgo(Math.min(...before.map(([day]) => day))))
      const used = pulledAt ?? +pushedAt
      const pulls = before.reduce((sum, [, one]) => sum + one, 0)
      const { score } = scoreOf(presets.default, {
        last_pull_days: Math.floor((start - used) / dayMs),
        pull_count: pulls,
        tags_count: tags,
        age_days: Math.floor((start - +createdAt) / dayMs),
      })
      const failed = history.filter(([day]) => day < days).reduce((sum, [, one]) => sum + one, 0)
      return { name, score, failed, pulledAt: pulledAt ?? 0, pulls }
    })
    const lowestFirst = (a: (typeof then)[number], b: (typeof then)[number]) =>
      a.score - b.score || a.pulledAt - b.pulledAt || a.pulls - b.pulls || (a.name < b.name ? -1 : 1)
    return then.toSorted(lowestFirst).slice(0, count)
  }

  test('what was pushed since would have been there, and what is deleted by now counts as failed', () =>
    onOneDay(async () => {
      const project = await givenProject(marina)
      const name = `${project.name}/app`
      const made = await givenUsed(db, { name, projectId: project.id, pulls: 9, pulledAt: daysAgo(1) })
      const image = await pushImage(marina, name, { tag: 'new' })
      const added = await db.row<{ id: number }>(sql`select id from artifact where digest = ${image.digest}`)
      await givenPulls(db, made, 3, 2)
      await givenPulls(db, { ...made, artifactId: added!.id }, 2, 3)
      await givenPulls(db, { ...made, artifactId: 2 ** 40 }, 1, 4)
      const { repositories } = await simulate({ days: 7, count: 1, project_ids: [project.id] })
      assert.deepEqual(
        repositories.map(({ failed_pulls: failed, pulls }) => [failed, pulls]),
        [
          [
            6,
            [
              { day: dayAgo(1), count: 4 },
              { day: dayAgo(3), digest: made.digest, count: 2 },
            ],
          ],
        ],
      )
    }))

  test('is about what the caller may delete; bad numbers are refused, and days that are not kept', async () => {
    const project = await givenProject(marina)
    await givenUsed(db, { name: `${project.name}/app`, projectId: project.id, pulls: 1 })
    const body = { days: 7, count: 5 }
    const names = async (as: Person) => (await simulate(body, as)).repositories.map(({ name }) => name)
    assert.deepEqual(await names(await givenMember(marina, project, 'maintainer')), [`${project.name}/app`])
    assert.deepEqual(await names(await givenMember(marina, project, 'developer')), [])
    for (const bad of [{ days: 0 }, { days: 367 }, { count: 0 }, { count: 101 }, { days: 91 }])
      expectAnswer(await rest('POST', '/repositories/scores/simulate', admin, { ...body, ...bad }), 400, 'BAD_REQUEST')
    for (const bad of [{ days: 'x' }, { count: undefined }, { preset: 'x' }])
      expectAnswer(
        await rest('POST', '/repositories/scores/simulate', admin, { ...body, ...bad }),
        422,
        'UNPROCESSABLE_ENTITY',
      )
  })
})

suite('pulls by day', () => {
  const recorded = async (repository: string, of = db) =>
    of.rows<{ count: number }>(sql`
      select pull_day.count from pull_day join repository on repository.id = pull_day.repository_id
      where repository.name = ${repository} order by day`)

  test('are counted by several counters at once without a loss, and a pull of what is gone writes none', async () => {
    const project = await givenProject(marina)
    const repository = `${project.name}/app` as RepositoryName
    const images = [
      await pushImage(marina, repository, { tag: 'a' }),
      await pushImage(marina, repository, { tag: 'b' }),
    ]
    const by = { kind: 'system', id: null, name: 'test' } as const
    const failures: unknown[] = []
    const counters = [1, 2, 3].map(() => openPullCounter(db, 3_600_000, (error) => failures.push(error)))
    for (let round = 0; round < 10; round++) {
      for (const pulls of counters)
        for (const { digest } of images) pulls.count({ projectId: project.id, repository, digest, tag: null, by })
      await Promise.all(counters.map((pulls) => pulls.flush()))
    }
    const gone = {
      projectId: project.id,
      repository: `${repository}/gone` as RepositoryName,
      digest: images[0]!.digest,
    }
    counters[0]!.count({ ...gone, tag: null, by })
    for (const pulls of counters) await pulls[Symbol.asyncDispose]()
    assert.deepEqual(failures, [])
    assert.equal(total(await recorded(repository)), 60)
    assert.deepEqual(await recorded(gone.repository), [])
  })

  test('are swept when they are older than the setting says, and not recorded when it is 0', async () => {
    const project = await givenProject(marina)
    const made = await givenUsed(db, { name: `${project.name}/app`, projectId: project.id, pulls: 1 })
    for (const days of [0, 29, 32, 80]) await givenPulls(db, made, days, days + 1)
    await pullDaySweep(db, 30 * dayMs).run(new AbortController().signal)
    assert.deepEqual(await recorded(`${project.name}/app`), [{ count: 30 }, { count: 1 }])

    await using plain = await openTestMarina({ MARINA_PULLS_KEEP: '0', MARINA_WORKERS: 'none' })
    await pushImage(plain, 'library/app', { tag: 'one' })
    expectAnswer(await plain.ask('GET', '/v2/library/app/manifests/one', { as: plain.admin }), 200)
    await eventually(async () => {
      const row = await plain.ground.db.row<{ pulls: number }>(
        sql`select sum(pull_count)::bigint as pulls from repository`,
      )
      assert.equal(row!.pulls, 1)
    })
    const refused = await openRest(plain)('POST', '/repositories/scores/simulate', plain.admin, { days: 7, count: 1 })
    assert.match(expectAnswer(refused, 412, 'PRECONDITION').text, /MARINA_PULLS_KEEP/)
    assert.deepEqual(await recorded('library/app', plain.ground.db), [])
  })
})

/** Pulls by day of a repository, its artifacts and its tags. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { fresh, pushImage } from '../../testing/given.ts'
import { eventually, expectAnswer, type Person } from '../../testing/http.ts'
import { openScene } from '../../testing/scene.ts'
import { dayAgo } from '../../testing/used.ts'
import { pullDaySweep } from './pull-days.ts'

const { marina, rest, cast } = await openScene()
const { db } = marina.ground

type Pulls = { days: { day: string; count: number }[]; total: number; kept_days: number }
const ask = (query: Record<string, string>, as: Person | undefined = cast.guA) =>
  rest('GET', `/projects/${cast.A.name}/pulls?${new URLSearchParams(query).toString()}`, as)
const pulls = async (query: Record<string, string>) => expectAnswer(await ask(query), 200).json() as Pulls
const pull = async (repository: string, reference: string) =>
  expectAnswer(await marina.ask('GET', `/v2/${repository}/manifests/${reference}`, { as: marina.admin }), 200)

test('pulls are counted by day: of the repository, of an artifact, and of a tag whatever it named', async () => {
  const name = fresh('pulled')
  const repository = `${cast.A.name}/${name}`
  const old = await pushImage(marina, repository, { tag: 'latest' })
  for (let count = 0; count < 2; count++) await pull(repository, 'latest')
  const total = async (query: Record<string, string>) => (await pulls({ repository: name, ...query })).total
  await eventually(async () => assert.equal(await total({}), 2))
  const next = await pushImage(marina, repository, { tag: 'latest' })
  await pull(repository, 'latest')
  await pull(repository, next.digest)
  await eventually(async () => assert.equal(await total({}), 4))
  assert.deepEqual(
    [await total({ tag: 'latest' }), await total({ digest: old.digest }), await total({ digest: next.digest })],
    [3, 2, 2],
  )
  assert.equal(await total({ tag: 'never-there' }), 0)
})

test('every day of the time stands in the answer, the oldest first', async () => {
  const name = fresh('days')
  const { digest } = await pushImage(marina, `${cast.A.name}/${name}`, { tag: 'v1' })
  await db.run(sql`
    with one as (
      select artifact.id, artifact.repository_id from artifact join repository on repository.id = repository_id
      where repository.name = ${`${cast.A.name}/${name}`}),
    days as (
      insert into pull_day (day, repository_id, artifact_id, count)
      select (now() at time zone 'UTC')::date - back, repository_id, id, back from one, unnest(array[1, 3, 40]) back)
    insert into tag_pull_day (day, repository_id, tag, count)
    select (now() at time zone 'UTC')::date - 3, repository_id, 'v1', 2 from one`)
  const day = dayAgo(0)
  const answers = [
    await pulls({ repository: name, days: '5' }),
    await pulls({ repository: name, days: '5', digest }),
    await pulls({ repository: name, days: '5', tag: 'v1' }),
    await pulls({ repository: name, days: '41' }),
  ]
  // Over midnight in UTC, the days of the answers are others.
  if (dayAgo(0) !== day) return assert.ok(answers.every(({ days }) => days.length > 0))
  assert.deepEqual(
    answers[0]!.days,
    [4, 3, 2, 1, 0].map((back) => ({ day: dayAgo(back), count: back === 3 || back === 1 ? back : 0 })),
  )
  assert.deepEqual(
    answers.map(({ total }) => total),
    [4, 4, 2, 44],
  )
  assert.equal(answers[0]!.kept_days, 90)
})

test('a repository or an artifact that is not there is 404; bad names and times are 400', async () => {
  const name = fresh('bad')
  await pushImage(marina, `${cast.A.name}/${name}`, { tag: 'v1' })
  const digest = `sha256:${'0'.repeat(64)}`
  expectAnswer(await ask({ repository: 'none' }), 404, 'NOT_FOUND')
  expectAnswer(await ask({ repository: name, digest }), 404, 'NOT_FOUND')
  const bad: Record<string, string>[] = [
    { tag: '-x' },
    { digest: 'x' },
    { tag: 'v1', digest },
    { days: '0' },
    { days: '367' },
  ]
  for (const query of bad) expectAnswer(await ask({ repository: name, ...query }), 400, 'BAD_REQUEST')
  expectAnswer(await ask({}), 422, 'UNPROCESSABLE_ENTITY')
  expectAnswer(await ask({ repository: name }, cast.uaB), 403, 'FORBIDDEN')
})

test('pulls of old days are removed, those of tags as well', async () => {
  await db.run(sql`
    insert into tag_pull_day (day, repository_id, tag, count)
    select (now() at time zone 'UTC')::date - 100, 1, ${fresh('old')} || place, 1 from generate_series(1, 6000) place`)
  await pullDaySweep(db, 90 * 86_400_000).run(new AbortController().signal)
  const old = sql`select count(*) as count from tag_pull_day where day < (now() at time zone 'UTC')::date - 90`
  assert.equal((await db.row<{ count: number }>(old))!.count, 0)
})

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from '../platform/db/sql.ts'
import { givenMember, givenProject, pushBlob, pushImage, pushIndex } from '../testing/given.ts'
import { eventually, expectAnswer } from '../testing/http.ts'
import { openBeside, openTestMarina, type TestMarina } from '../testing/server.ts'

let marina: TestMarina
before(async () => {
  marina = await openTestMarina()
})
after(() => marina[Symbol.asyncDispose]())

type Fact = {
  topic: string
  payload: {
    projectId?: number
    repository: string
    digest?: string
    tag?: string | null
    tags?: string[]
    from?: string
    isNew?: boolean
    count?: number
    by: { id: number | null; name: string }
  }
}
const factsOf = (repository: string, from = marina) =>
  from.ground.db.rows<Fact>(
    sql`select topic, payload from outbox where payload->>'repository' = ${repository} order by id`,
  )
const ask: TestMarina['ask'] = (method, path, options = {}) =>
  marina.ask(method, path, { as: marina.admin, ...options })
const newRepository = async () => `${(await givenProject(marina)).name}/app`

test('pushes, moved tags and deletes are in the outbox in their order, with their actors', async () => {
  const project = await givenProject(marina)
  const [repository, maintainer] = [`${project.name}/app`, await givenMember(marina, project, 'maintainer')]
  const first = await pushImage(marina, repository, { as: maintainer, tag: 'v1' })
  const second = await pushImage(marina, repository, { as: maintainer, tag: 'v1' })
  expectAnswer(await ask('DELETE', `/v2/${repository}/manifests/v1`), 202)
  expectAnswer(await ask('DELETE', `/v2/${repository}/manifests/${first.digest}`), 202)
  const unused = await pushBlob(marina, repository, 'no manifest needs this')
  expectAnswer(await ask('DELETE', `/v2/${repository}/blobs/${unused}`), 202)
  const facts = await factsOf(repository)
  assert.deepEqual(
    facts.map(({ topic, payload }) => [topic, payload.digest, payload.tag ?? payload.tags, payload.by.name]),
    [
      ['repository.created', undefined, undefined, maintainer.name],
      ['artifact.pushed', first.digest, ['v1'], maintainer.name],
      ['tag.created', first.digest, 'v1', maintainer.name],
      ['artifact.pushed', second.digest, ['v1'], maintainer.name],
      ['tag.moved', second.digest, 'v1', maintainer.name],
      ['tag.deleted', second.digest, 'v1', 'admin'],
      ['artifact.deleted', first.digest, [], 'admin'],
      ['blob.deleted', unused, undefined, 'admin'],
    ],
  )
  assert.equal(facts[4]?.payload.from, first.digest)
})

test('the fact of a repeated push says that it is not new, and no tag is moved', async () => {
  const repository = await newRepository()
  const image = await pushImage(marina, repository, { tag: 'v1' })
  expectAnswer(
    await ask('PUT', `/v2/${repository}/manifests/v1`, {
      body: image.content,
      headers: { 'content-type': image.mediaType },
    }),
    201,
  )
  const facts = (await factsOf(repository)).filter(({ topic }) => topic !== 'repository.created')
  assert.deepEqual(
    facts.map(({ topic, payload }) => [topic, payload.isNew]),
    [
      ['artifact.pushed', true],
      ['tag.created', undefined],
      ['artifact.pushed', false],
    ],
  )
})

test('a refused request emits no fact', async () => {
  const repository = await newRepository()
  const child = await pushImage(marina, repository)
  await pushIndex(marina, repository, [child])
  const before = await factsOf(repository)
  expectAnswer(await ask('DELETE', `/v2/${repository}/manifests/${child.digest}`), 412, 'PRECONDITION')
  expectAnswer(await ask('DELETE', `/v2/${repository}/blobs/${child.config}`), 405, 'UNSUPPORTED')
  expectAnswer(await ask('DELETE', `/v2/${repository}/manifests/none`), 404, 'MANIFEST_UNKNOWN')
  expectAnswer(
    await ask('PUT', `/v2/${repository}/manifests/v1`, { body: '{}', headers: { 'content-type': child.mediaType } }),
    400,
    'MANIFEST_INVALID',
  )
  assert.deepEqual(await factsOf(repository), before)
})

test('a pull is told although what was pulled, or its project, is deleted before it is written down', async () => {
  const [kept, gone] = [await givenProject(marina), await givenProject(marina)]
  const ended = await Promise.all(
    [kept, gone].map((project) => pushImage(marina, `${project.name}/gone`, { tag: 'v1' })),
  )
  for (const { repository } of ended) {
    expectAnswer(await ask('GET', `/v2/${repository}/manifests/v1`), 200)
    const [project, name] = repository.split('/')
    expectAnswer(
      await marina.ask('DELETE', `/api/v2.0/projects/${project}/repositories/${name}`, { as: marina.admin }),
      200,
    )
  }
  expectAnswer(await marina.ask('DELETE', `/api/v2.0/projects/${gone.name}`, { as: marina.admin }), 200)
  await eventually(async () => {
    const all = await Promise.all(ended.map(({ repository }) => factsOf(repository)))
    const pulls = all.flat().filter(({ topic }) => topic === 'artifact.pulled')
    assert.deepEqual(
      pulls.map(({ payload }) => [payload.projectId, payload.tag, payload.count]),
      [kept, gone].map(({ id }) => [id, 'v1', 1]),
    )
  })
  await eventually(async () => {
    const path = `/api/v2.0/projects/${kept.name}/auditlog-exts?q=operation=pull`
    assert.equal((expectAnswer(await marina.ask('GET', path, { as: marina.admin }), 200).json() as []).length, 1)
  })
})

test('a deletion whose fact cannot be written is rolled back', async () => {
  const repository = await newRepository()
  const image = await pushImage(marina, repository, { tag: 'v1' })
  const { db } = marina.ground
  await db.run(
    sql`alter table outbox add constraint no_more check (topic not in ('artifact.deleted', 'tag.moved')) not valid`,
  )
  try {
    expectAnswer(await ask('DELETE', `/v2/${repository}/manifests/${image.digest}`), 500, 'UNKNOWN')
  } finally {
    await db.run(sql`alter table outbox drop constraint no_more`)
  }
  assert.deepEqual((await ask('GET', `/v2/${repository}/manifests/v1`)).body, image.content)
})

test('pulls are counted in memory and written when Marina closes: a fact per artifact, tag and caller', async () => {
  await using own = await openTestMarina()
  const image = await pushImage(own, 'library/x', { tag: 'v1' })
  const get = (path: string, method = 'GET') => own.ask(method, `/v2/library/x/${path}`, { as: own.admin })
  for (const path of ['manifests/v1', 'manifests/v1', `manifests/${image.digest}`]) expectAnswer(await get(path), 200)
  await get('manifests/v1', 'HEAD')
  await get(`blobs/${image.config}`)
  expectAnswer(
    await own.ask('GET', '/v2/library/x/manifests/v1', {
      token: await own.token(undefined, 'repository:library/x:pull'),
    }),
    200,
  )
  await own.stop()
  await using again = await openBeside(own)
  const pulls = (await factsOf('library/x', again)).filter(({ topic }) => topic === 'artifact.pulled')
  assert.deepEqual(
    new Set(pulls.map(({ payload }) => `${payload.tag} ${payload.count} ${payload.by.name}`)),
    new Set(['null 1 admin', 'v1 1 anonymous', 'v1 2 admin']),
  )
  assert.equal(pulls.length, 3)
  const counts = await again.ground.db.row(sql`
    select artifact.pull_count as artifact, tag.pull_count as tag, repository.pull_count as repository,
      artifact.pulled_at is not null as timed
    from artifact join repository on repository.id = artifact.repository_id join tag on tag.artifact_id = artifact.id
    where repository.name = 'library/x'`)
  assert.deepEqual(counts, { artifact: 4, tag: 3, repository: 4, timed: true })
})

test('a pull writes nothing while it runs', async () => {
  // Without workers, as their heartbeats would be counted too.
  await using own = await openTestMarina({ MARINA_WORKERS: 'none' })
  const repository = 'library/pulled'
  const image = await pushImage(own, repository, { tag: 'v1' })
  const blob = await pushBlob(own, repository)
  const { db } = own.ground
  const written = async () => {
    await db.row(sql`select pg_stat_force_next_flush()`)
    return db.rows(sql`
      select relname, n_tup_ins, n_tup_upd, n_tup_del from pg_stat_user_tables
      where relname not in ('outbox', 'replica', 'login_failure', 'sign_in') order by relname`)
  }
  const countFacts = async () => (await db.row<{ rows: number }>(sql`select count(*) as rows from outbox`))!.rows
  const token = await own.token(own.admin, `repository:${repository}:pull`)
  // An idle connection reports its last second to PostgreSQL's counters up to ten seconds late; from then on it reports
  // at once.
  await sleep(10_500)
  const [before, facts] = [await written(), await countFacts()]
  for (let count = 0; count < 30; count++)
    for (const path of ['manifests/v1', `manifests/${image.digest}`, `blobs/${blob}`, 'tags/list'])
      expectAnswer(await own.ask('GET', `/v2/${repository}/${path}`, { token }), 200)
  const after = await written()
  // The counter of pulls writes every five seconds, beside the pulls: at most one of its writes may come in between.
  if ((await countFacts()) === facts) assert.deepEqual(after, before)
  else assert.ok((await countFacts()) - facts <= 4)
})

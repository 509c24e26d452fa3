import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { create, factsSince, lastFact } from '../../testing/api.ts'
import { fresh, givenMember, givenProject, pushImage, pushIndex } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { inProject, keepsOnly, openRetention, ordered } from './scene.suite.ts'

const { marina, cast, admin, db, ask, run, tagsOf } = await openRetention()

test('a run that would delete more than the allowed share of the tags deletes nothing and says so', async () => {
  const project = await givenProject(marina)
  const app = `${project.name}/app`
  for (const tag of ['v1', 'v2', 'v3', 'keep']) await pushImage(marina, app, { tag })
  const id = await create(marina, '/retentions', admin, ordered(keepsOnly('keep'), inProject(project.id)))
  const since = await lastFact(marina)
  const held = await run(id, { max_share: 50 })
  assert.equal(held.status, 'Error')
  assert.match(held.status_message, /would delete 3 of 4 tags of .* \(75 %\), more than 50 %; nothing was deleted/)
  assert.deepEqual(await tagsOf(app), ['keep', 'v1', 'v2', 'v3'])
  const facts = (await factsSince(marina, since)).map(({ topic }) => topic)
  assert.deepEqual(facts, ['retention.asked', 'retention.held'])
  // Harbor’s own operation has no limit, unless the project sets one.
  const metadata = (value: string) =>
    ask('PUT', `/projects/${project.name}`, { metadata: { retention_max_share: value } })
  expectAnswer(await metadata('x'), 400, 'BAD_REQUEST')
  expectAnswer(await metadata('74'), 200)
  assert.equal((await run(id, { dry_run: false })).status, 'Error')
  assert.equal((await run(id, { dry_run: true })).status, 'Success')
  expectAnswer(await metadata('75'), 200)
  assert.equal((await run(id, {})).status, 'Success')
  assert.deepEqual(await tagsOf(app), ['keep'])
})

test('a run is taken back as a whole: artifacts, tags, parts and times', async () => {
  const project = await givenProject(marina)
  const app = `${project.name}/app`
  await pushImage(marina, app, { tag: 'v1' })
  const shared = await pushImage(marina, app, { tag: 'v2' })
  expectAnswer(await ask('POST', `/projects/${project.name}/repositories/app/artifacts/v2/tags`, { name: 'keep' }), 201)
  const part = await pushImage(marina, app, { tag: 'part' })
  await pushIndex(marina, app, [part, await pushImage(marina, app)], { tag: 'multi' })
  const state = () =>
    db.rows(sql`
      select artifact.digest, artifact.pushed_at::text, (
        select json_agg(json_build_array(tag.name, tag.pushed_at) order by tag.name) from tag
        where tag.artifact_id = artifact.id) as tags
      from artifact join repository on repository.id = repository_id where repository.name = ${app} order by digest`)
  const [before, id] = [
    await state(),
    await create(marina, '/retentions', admin, ordered(keepsOnly('keep'), inProject(project.id))),
  ]
  const { id: eid, status } = await run(id, {})
  assert.deepEqual([status, await tagsOf(app)], ['Success', ['keep']])
  const path = `/retentions/${id}/executions/${eid}/restore`
  const restore = async () =>
    expectAnswer(await ask('GET', path), 200).json() as {
      status: string
      restored: number
      failed: number
      restorable: number
      log: string
    }
  assert.deepEqual(await restore(), { status: 'None', restored: 0, failed: 0, restorable: 4, log: '' })
  // Somebody else may have pushed one of the names meanwhile: that stays, and the others come back.
  await pushImage(marina, app, { tag: 'v1' })
  expectAnswer(await ask('POST', path), 200)
  const done = await eventually(async () => {
    const said = await restore()
    assert.equal(said.status, 'Success')
    return said
  })
  assert.deepEqual([done.restored, done.failed, done.restorable], [3, 1, 1])
  assert.match(done.log, /is not restored: the tag v1 exists again/)
  expectAnswer(await ask('DELETE', `/projects/${project.name}/repositories/app/artifacts/v1`), 200)
  expectAnswer(await ask('POST', path), 200)
  await eventually(async () => assert.equal((await restore()).restorable, 0))
  assert.deepEqual(await state(), before)
  assert.ok(before.length === 5 && shared.digest !== part.digest)
  assert.match(expectAnswer(await ask('POST', path), 404, 'NOT_FOUND').text, /nothing to restore/)
})

test('Harbor’s rules are shown as rules in order', async () => {
  const project = await givenProject(marina)
  const id = await create(marina, '/retentions', admin, {
    algorithm: 'or',
    rules: [
      {
        action: 'retain',
        template: 'latestPushedK',
        params: { latestPushedK: 2 },
        tag_selectors: [{ kind: 'doublestar', decoration: 'excludes', pattern: 'tmp-*' }],
        scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: 'app' }] },
      },
    ],
    trigger: { kind: 'Schedule', settings: { cron: '' } },
    ...inProject(project.id),
  })
  assert.deepEqual(expectAnswer(await ask('GET', `/retentions/${id}/ordered`), 200).json(), {
    decides: 'artifact',
    ordered_rules: [
      {
        action: 'keep',
        name: 'the most recently pushed 2 artifacts',
        repositories: [{ pattern: 'app', excludes: false }],
        tags: [{ kind: 'doublestar', pattern: 'tmp-*', excludes: true, untagged: true }],
        newest: { count: 2, by: 'pushed', per: 'repository' },
      },
      { action: 'delete', name: 'what no rule keeps', repositories: [{ pattern: 'app', excludes: false }] },
    ],
  })
})

test('a policy of the system is for the projects that it chooses and that have none of their own', async () => {
  const stem = fresh('sys')
  const [open, own, other] = [
    await givenProject(marina, { name: `${stem}-open` }),
    await givenProject(marina, { name: `${stem}-own` }),
    await givenProject(marina),
  ]
  for (const { name } of [open, own, other]) await pushImage(marina, `${name}/app`, { tag: 'v1' })
  await create(marina, '/retentions', admin, ordered([{ action: 'keep' }], inProject(own.id)))
  const body = ordered([{ action: 'delete' }], { scope: { level: 'system', projects: [{ pattern: `${stem}-*` }] } })
  const developer = await givenMember(marina, open, 'developer')
  expectAnswer(await ask('POST', '/retentions', body, developer), 403, 'FORBIDDEN')
  const id = await create(marina, '/retentions', admin, body)
  expectAnswer(await ask('GET', `/retentions/${id}`, undefined, cast.uaA), 403, 'FORBIDDEN')
  const listed = expectAnswer(await ask('GET', '/system/retentions?page_size=100'), 200).json() as { id: number }[]
  assert.ok(listed.some((one) => one.id === id))
  const said = expectAnswer(
    await ask('GET', `/projects/${open.name}/repositories/app/artifacts/v1/retention`, undefined, developer),
    200,
  ).json() as { kept: boolean; policies: { level: string }[] }
  assert.deepEqual([said.kept, said.policies.map(({ level }) => level)], [false, ['system']])
  assert.equal((await run(id, {})).status, 'Success')
  assert.deepEqual(
    [await tagsOf(`${open.name}/app`), await tagsOf(`${own.name}/app`), await tagsOf(`${other.name}/app`)],
    [[], ['v1'], ['v1']],
  )
  expectAnswer(await ask('DELETE', `/retentions/${id}`), 200)
})

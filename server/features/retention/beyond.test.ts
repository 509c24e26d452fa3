import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { create, factsSince, lastFact } from '../../testing/api.ts'
import { fresh, givenMember, givenProject, pushImage, pushIndex } from '../../testing/given.ts'
import { eventually, expectAnswer, type Person } from '../../testing/http.ts'
import { openScene } from '../../testing/scene.ts'

const { marina, rest, cast } = await openScene()
const { admin } = marina
const { db } = marina.ground

type Execution = { id: number; status: string; status_message: string }
type Decision = { kept: boolean; reason: string; rule?: number; value: string; until?: string }
type Preview = {
  totals: { artifacts: number; tags: number; dropped_artifacts: number; dropped_tags: number }
  share: number
  ask_above: number
  changed_tags: number
  freed_bytes: number
  is_whole: boolean
  repositories: { name: string }[]
  artifacts: {
    repository: string
    digest: string
    decision: Decision
    before?: Decision
    tags: { name: string; decision: Decision }[]
  }[]
}

const ask = (method: string, path: string, body?: unknown, as: Person = admin) => rest(method, path, as, body)
const ordered = (rules: object[], more: object = {}) => ({
  algorithm: 'ordered',
  ordered_rules: rules,
  trigger: { kind: 'Schedule', settings: { cron: '' } },
  ...more,
})
const inProject = (ref: number) => ({ scope: { level: 'project', ref } })
const keepsOnly = (pattern: string) => [{ action: 'keep', tags: [{ pattern }] }, { action: 'delete' }]
const preview = async (body: object) =>
  expectAnswer(await ask('POST', '/retentions/preview', body), 200).json() as Preview

async function run(policy: number, body: object): Promise<Execution> {
  return ended(policy, await create(marina, `/retentions/${policy}/executions`, admin, body))
}
const ended = (policy: number, id: number) =>
  eventually(async () => {
    const all = expectAnswer(await ask('GET', `/retentions/${policy}/executions?page_size=100`), 200).json()
    const found = (all as Execution[]).find((one) => one.id === id)
    assert.ok(found && ['Success', 'Error', 'Stopped'].includes(found.status), JSON.stringify(found))
    return found
  })

async function tagsOf(repository: string): Promise<string[]> {
  const rows = await db.rows<{ name: string }>(sql`
    select tag.name from tag join repository on repository.id = tag.repository_id
    where repository.name = ${repository} order by tag.name`)
  return rows.map(({ name }) => name)
}

test('a preview says of each tag what rules would do and why, also unsaved ones, and changes nothing', async () => {
  const project = await givenProject(marina)
  const app = `${project.name}/app`
  const [one, two] = [await pushImage(marina, app, { tag: 'v1' }), await pushImage(marina, app, { tag: 'v2' })]
  expectAnswer(
    await ask('POST', `/projects/${project.name}/repositories/app/artifacts/v2/tags`, { name: 'stable' }),
    201,
  )
  const none = await ask('POST', '/retentions/preview', { project_id: project.id })
  assert.match(expectAnswer(none, 400, 'BAD_REQUEST').text, /no retention policy: send the rules/)
  const found = await preview({ project_id: project.id, policy: ordered(keepsOnly('stable')) })
  assert.deepEqual(found.totals, { artifacts: 2, tags: 3, dropped_artifacts: 1, dropped_tags: 2 })
  assert.deepEqual([found.share, found.ask_above, found.is_whole], [67, 50, true])
  const shown = Object.fromEntries(
    found.artifacts.flatMap(({ tags }) =>
      tags.map(({ name, decision }) => [name, [decision.kept, decision.reason, decision.rule]]),
    ),
  )
  assert.deepEqual(shown, { v1: [false, 'rule', 2], v2: [false, 'rule', 2], stable: [true, 'rule', 1] })
  assert.deepEqual(await tagsOf(app), ['stable', 'v1', 'v2'])
  const dropped = await preview({ project_id: project.id, policy: ordered(keepsOnly('v2')), only: 'dropped', rows: 1 })
  assert.deepEqual(
    dropped.artifacts.map(({ digest }) => digest),
    [two.digest],
  )
  assert.notEqual(one.digest, two.digest)
})

test('a preview of an edit shows what the saved rules decide otherwise', async () => {
  const project = await givenProject(marina)
  for (const tag of ['v1', 'v2', 'v3']) await pushImage(marina, `${project.name}/app`, { tag })
  const id = await create(marina, '/retentions', admin, ordered(keepsOnly('v*'), inProject(project.id)))
  assert.equal((await preview({ project_id: project.id })).totals.dropped_tags, 0)
  const edited = await preview({ project_id: project.id, policy: ordered(keepsOnly('v1')), only: 'changed' })
  assert.deepEqual(
    [edited.changed_tags, edited.artifacts.map(({ decision, before }) => [decision.kept, before?.kept])],
    [
      2,
      [
        [false, true],
        [false, true],
      ],
    ],
  )
  const policy = expectAnswer(await ask('GET', `/retentions/${id}`), 200).json() as { ordered_rules: object[] }
  assert.deepEqual(policy.ordered_rules, [
    { action: 'keep', tags: [{ kind: 'doublestar', pattern: 'v*', excludes: false, untagged: false }] },
    { action: 'delete' },
  ])
})

test('the bytes that would be free are those that nothing else needs', async () => {
  const project = await givenProject(marina)
  const [app, lib] = [`${project.name}/app`, `${project.name}/lib`]
  const alone = await pushImage(marina, app, { tag: 'alone' })
  const copied = await pushImage(marina, app, { tag: 'copied' })
  const index = await pushIndex(marina, app, [await pushImage(marina, app)], { tag: 'multi' })
  expectAnswer(
    await ask('POST', `/projects/${project.name}/repositories/lib/artifacts?from=${app}@${copied.digest}`),
    201,
  )
  const bytesOf = async (digests: string[]) => {
    const row = await db.row<{ bytes: number }>(sql`
      with going as (select artifact.id from artifact join repository on repository.id = repository_id
        where repository.name = ${app} and digest = any(${digests}::text[]))
      select ((select sum(octet_length(content)) from manifest where artifact_id in (select id from going))
        + coalesce((select sum(size) from blob where id in (
            select blob_id from artifact_blob where artifact_id in (select id from going)
            except select blob_id from artifact_blob where artifact_id not in (select id from going))), 0))::bigint
        as bytes`)
    return row!.bytes
  }
  const [part] = await db.rows<{ digest: string }>(sql`
    select child.digest from artifact_child join artifact child on child.id = child_id
      join artifact parent on parent.id = parent_id
    where parent.digest = ${index.digest}`)
  const found = await preview({
    project_id: project.id,
    policy: ordered([{ action: 'delete', repositories: [{ pattern: 'app' }] }]),
  })
  assert.equal(found.freed_bytes, await bytesOf([alone.digest, copied.digest, index.digest, part!.digest]))
  assert.deepEqual(await tagsOf(lib), ['copied'])
})

test('an explanation says why a tag is here and until when', async () => {
  const project = await givenProject(marina)
  await pushImage(marina, `${project.name}/app`, { tag: 'v1' })
  const path = `/projects/${project.name}/repositories/app/artifacts/v1/retention`
  const none = expectAnswer(await ask('GET', path), 200).json() as { kept: boolean; policies: object[] }
  assert.deepEqual([none.kept, none.policies], [true, []])
  const rules = [
    { action: 'keep', name: 'fresh', pushed_within_days: 7 },
    { action: 'delete', name: 'the rest' },
  ]
  const id = await create(marina, '/retentions', admin, ordered(rules, inProject(project.id)))
  const said = expectAnswer(await ask('GET', path), 200).json() as {
    kept: boolean
    tag: string
    policies: { policy_id: number; level: string; decision: Decision; rules: { name: string; action: string }[] }[]
  }
  assert.deepEqual([said.kept, said.tag, said.policies.length], [true, 'v1', 1])
  const [{ policy_id, level, decision, rules: picking }] = said.policies as [(typeof said.policies)[0]]
  assert.deepEqual([policy_id, level, decision.kept, decision.rule], [id, 'project', true, 1])
  const pushedAt = /pushed (.*)/.exec(decision.value)![1]!
  const days = (new Date(decision.until!).getTime() - new Date(pushedAt).getTime()) / 86_400_000
  assert.equal(Math.round(days), 7)
  assert.deepEqual(
    picking.map(({ name, action }) => [name, action]),
    [
      ['fresh', 'keep'],
      ['the rest', 'delete'],
    ],
  )
  expectAnswer(await ask('GET', path.replace('/v1/', '/v9/')), 404, 'NOT_FOUND')
})

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

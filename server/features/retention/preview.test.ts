import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { create } from '../../testing/api.ts'
import { givenProject, pushImage, pushIndex } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { inProject, keepsOnly, openRetention, ordered } from './scene.suite.ts'

const { marina, admin, db, ask, tagsOf } = await openRetention()

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

const preview = async (body: object) =>
  expectAnswer(await ask('POST', '/retentions/preview', body), 200).json() as Preview

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
  const dropped = await preview({ project_id: project.id, policy: ordered(keepsOnly('v2')), show: 'dropped', rows: 1 })
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
  const edited = await preview({ project_id: project.id, policy: ordered(keepsOnly('v1')), show: 'changed' })
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

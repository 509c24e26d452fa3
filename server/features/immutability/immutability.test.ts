import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RepositoryName, Tag } from '../../../oci/reference.ts'
import { sql } from '../../platform/db/sql.ts'
import { givenProject, makeImage, pushBlob, pushImage } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openScene } from '../../testing/scene.ts'
import { openBeside, type TestMarina } from '../../testing/server.ts'
import { tagStays } from './gate.ts'
import { immutableBy, ruleProblem, type Rule } from './rules.ts'

const { marina, rest, cast } = await openScene()

const codes = { 401: 'UNAUTHORIZED', 403: 'FORBIDDEN' }
const selector = (decoration: string, pattern: string) => ({ kind: 'doublestar', decoration, pattern })
const ruleOf = (tags: string, repositories = '**') => ({
  tag_selectors: [selector('matches', tags)],
  scope_selectors: { repository: [selector('repoMatches', repositories)] },
})
const rule = (
  tags: ReturnType<typeof selector>[],
  repository: ReturnType<typeof selector>[],
  isDisabled = false,
): Rule => ({ id: 1, priority: 0, isDisabled, tagSelectors: tags, scopeSelectors: { repository } })

test('a tag must match all selectors of a rule, any enabled rule is enough, and disabled rules do nothing', () => {
  const immutable = immutableBy([
    rule(
      [selector('matches', 'rel-*'), selector('excludes', '*-rc')],
      [selector('repoMatches', 'team/**'), selector('repoExcludes', '**/scratch')],
    ),
    rule([selector('matches', '**')], [selector('repoMatches', 'frozen')]),
    rule([selector('matches', '**')], [selector('repoMatches', '**')], true),
  ])
  const held = [
    ['team/app', 'rel-1'],
    ['team/a/b', 'rel-'],
    ['frozen', 'anything'],
  ]
  const free = [
    ['team/app', 'rel-1-rc'],
    ['team/app', 'REL-1'],
    ['team/scratch', 'rel-1'],
    ['other', 'rel-1'],
    ['frozen/x', 'latest'],
  ]
  for (const [repository, tag] of held) assert.equal(immutable(repository!, tag!), true, `${repository}:${tag}`)
  for (const [repository, tag] of free) assert.equal(immutable(repository!, tag!), false, `${repository}:${tag}`)
})

test('a rule without selectors, with unknown words or with a broken pattern is invalid', () => {
  const good = {
    tagSelectors: [selector('matches', '*')],
    scopeSelectors: { repository: [selector('repoMatches', '**')] },
  }
  assert.equal(ruleProblem(good), undefined)
  const bad = [
    { ...good, tagSelectors: [] },
    { ...good, scopeSelectors: { repository: [] } },
    { ...good, tagSelectors: [selector('repoMatches', '*')] },
    { ...good, tagSelectors: [selector('matches', '[')] },
    { ...good, tagSelectors: [selector('matches', '')] },
    { ...good, tagSelectors: [selector('matches', 'x'.repeat(1025))] },
    { ...good, tagSelectors: [{ kind: 'regex', decoration: 'matches', pattern: '.*' }] },
    { ...good, tagSelectors: Array.from({ length: 21 }, () => selector('matches', '*')) },
    {
      tagSelectors: [selector('matches', '*a'.repeat(30))],
      scopeSelectors: { repository: [selector('repoMatches', '*a'.repeat(21))] },
    },
  ]
  for (const one of bad) assert.equal(typeof ruleProblem(one), 'string', JSON.stringify(one).slice(0, 100))
})

test('X27: other work goes on while slow rules are compared with many tags', async () => {
  const project = await givenProject(marina)
  for (const end of ['a', 'b', 'c', 'd', 'e'])
    expectAnswer(
      await rest(
        'POST',
        `/projects/${project.name}/immutabletagrules`,
        marina.admin,
        ruleOf(`${'*t'.repeat(49)}${end}`),
      ),
      201,
    )
  const tags = Array.from({ length: 300 }, (_, index) => `${'t'.repeat(120)}${index}` as Tag)
  const begun = performance.now()
  let [last, longest] = [begun, 0]
  const timer = setInterval(
    () => ([last, longest] = [performance.now(), Math.max(longest, performance.now() - last)]),
    1,
  )
  await marina.ground.db.transaction((tx) =>
    tagStays(marina.ground)(tx, {
      projectId: project.id,
      repository: `${project.name}/app` as RepositoryName,
      tags,
      digests: [],
      by: { kind: 'user', id: 0, name: 'somebody' },
    }),
  )
  await sleep(5)
  clearInterval(timer)
  assert.ok(longest < (last - begun) / 3, `${longest} of ${last - begun} ms without a turn`)
})

test('callers with the right can make, list, change and delete rules', async () => {
  const path = `/projects/${cast.A.name}/immutabletagrules`
  for (const [who, status] of [
    [undefined, 401],
    [cast.deA, 403],
    [cast.guA, 403],
    [cast.uaB, 403],
  ] as const) {
    expectAnswer(await rest('POST', path, who, ruleOf('x')), status, codes[status])
    expectAnswer(await rest('GET', path, who), status, codes[status])
  }
  const made = expectAnswer(await rest('POST', path, cast.maA, { ...ruleOf('v*'), id: 77, project_id: cast.B.id }), 201)
  const id = Number(/immutabletagrules\/(\d+)$/.exec(made.headers.location!)![1])
  expectAnswer(await rest('POST', path, cast.maA, ruleOf('v*')), 409, 'CONFLICT')
  const list = async () => expectAnswer(await rest('GET', path, cast.uaA), 200)
  assert.deepEqual((await list()).json(), [
    {
      id,
      priority: 0,
      disabled: false,
      action: 'immutable',
      template: 'immutable_template',
      params: {},
      ...ruleOf('v*'),
    },
  ])
  assert.equal((await list()).headers['x-total-count'], '1')
  for (const body of [{ disabled: true }, { disabled: true, ...ruleOf('v*') }])
    expectAnswer(await rest('PUT', `${path}/${id}`, cast.uaA, body), 200)
  assert.equal(((await list()).json() as { disabled: boolean }[])[0]!.disabled, true)
  for (const body of [{ tag_selectors: [] }, ruleOf('['), { priority: 1e12 }])
    expectAnswer(await rest('PUT', `${path}/${id}`, cast.uaA, body), 400, 'BAD_REQUEST')
  const polluting = { ...ruleOf('x'), scope_selectors: JSON.parse('{"__proto__":[]}') as object }
  for (const body of [{ tag_selectors: 'x' }, polluting])
    expectAnswer(await rest('POST', path, cast.uaA, body), 422, 'UNPROCESSABLE_ENTITY')
  for (const body of [{}, { ...ruleOf('x'), scope_selectors: {} }])
    expectAnswer(await rest('POST', path, cast.uaA, body), 400, 'BAD_REQUEST')
  expectAnswer(await rest('DELETE', `${path}/${id}`, cast.uaA), 200)
  expectAnswer(await rest('DELETE', `${path}/${id}`, cast.uaA), 404, 'NOT_FOUND')
  const topics = await marina.ground.db.rows<{
    topic: string
    changed: object | null
    rule: { tagSelectors: { pattern: string }[] }
  }>(
    sql`select topic, payload->'changed' as changed, payload->'rule' as rule from outbox
      where topic like 'immutable-rule.%' and payload->>'projectId' = ${String(cast.A.id)} order by id`,
  )
  assert.deepEqual(
    topics.map(({ topic }) => topic),
    ['immutable-rule.created', 'immutable-rule.changed', 'immutable-rule.deleted'],
  )
  assert.deepEqual([topics[0]!.rule.tagSelectors[0]!.pattern, topics[1]!.changed], ['v*', { isDisabled: true }])
})

test("H17: a rule of another project is 404 below one's own project, and stays as it is", async () => {
  const made = expectAnswer(
    await rest('POST', `/projects/${cast.B.name}/immutabletagrules`, cast.uaB, ruleOf('theirs')),
    201,
  )
  const id = /(\d+)$/.exec(made.headers.location!)![1]
  expectAnswer(
    await rest('PUT', `/projects/${cast.A.name}/immutabletagrules/${id}`, cast.uaA, { disabled: true }),
    404,
    'NOT_FOUND',
  )
  expectAnswer(await rest('DELETE', `/projects/${cast.A.name}/immutabletagrules/${id}`, cast.uaA), 404, 'NOT_FOUND')
  const [kept] = expectAnswer(
    await rest('GET', `/projects/${cast.B.name}/immutabletagrules`, cast.uaB),
    200,
  ).json() as { disabled: boolean }[]
  assert.equal(kept!.disabled, false)
})

test('G06, C-65, Z04: no operation changes or removes an immutable tag', async () => {
  const project = await givenProject(marina)
  const [name, other] = [`${project.name}/app`, `${project.name}/other`]
  const as = marina.admin
  const first = await pushImage(marina, name, { tag: 'rel-1' })
  const second = await pushImage(marina, name, { tag: 'free' })
  await pushImage(marina, other, { tag: 'rel-1' })
  const base = `/projects/${project.name}/repositories/app`
  const put = (reference: string, image: { content: Buffer; mediaType: string }, query = '') =>
    marina.ask('PUT', `/v2/${name}/manifests/${reference}${query}`, {
      as,
      body: image.content,
      headers: { 'content-type': image.mediaType },
    })
  expectAnswer(await rest('POST', `/projects/${project.name}/immutabletagrules`, as, ruleOf('rel-*', 'app')), 201)

  const refused = {
    'a push of another digest': put('rel-1', second),
    'a push of the same digest': put('rel-1', first),
    'a push by digest with ?tag=': put(second.digest, second, '?tag=rel-1'),
    'one of several tags': put(second.digest, second, '?tag=new-1&tag=rel-1'),
    'a new tag by the API': rest('POST', `${base}/artifacts/${second.digest}/tags`, as, { name: 'rel-1' }),
    'a copy with the tag': rest('POST', `${base}/artifacts?from=${project.name}/other:rel-1`, as),
    'deleting the tag by the API': rest('DELETE', `${base}/artifacts/rel-1/tags/rel-1`, as),
    'deleting the tag by /v2': marina.ask('DELETE', `/v2/${name}/manifests/rel-1`, { as }),
    'deleting the artifact by the API': rest('DELETE', `${base}/artifacts/${first.digest}`, as),
    'deleting the artifact by /v2': marina.ask('DELETE', `/v2/${name}/manifests/${first.digest}`, { as }),
    'deleting the repository': rest('DELETE', base, as),
  }
  for (const [way, answer] of Object.entries(refused))
    assert.deepEqual([(await answer).status, (await answer).code], [412, 'PRECONDITION'], way)
  const still = expectAnswer(await marina.ask('GET', `/v2/${name}/manifests/rel-1`, { as }), 200)
  assert.equal(still.headers['docker-content-digest'], first.digest)
  expectAnswer(await marina.ask('GET', `/v2/${name}/manifests/new-1`, { as }), 404, 'MANIFEST_UNKNOWN')

  expectAnswer(await put('free', first), 201)
  expectAnswer(await put('rel-2', second), 201)
  expectAnswer(await put('rel-2', first), 412, 'PRECONDITION')
  expectAnswer(await put('Rel-1', second), 201)
  await pushImage(marina, other, { tag: 'rel-1' })
  expectAnswer(await marina.ask('DELETE', `/v2/${other}/manifests/rel-1`, { as }), 202)
})

test('a rule takes effect, and stops, with the next request on every process', async () => {
  const project = await givenProject(marina)
  const name = `${project.name}/app`
  await using beside = await openBeside(marina)
  const push = (at: TestMarina) => pushImage(at, name, { tag: 'v1' })
  await push(marina)
  await push(beside)
  const made = expectAnswer(
    await rest('POST', `/projects/${project.name}/immutabletagrules`, marina.admin, ruleOf('v1')),
    201,
  )
  for (const at of [beside, marina]) await assert.rejects(push(at), /immutable/)
  expectAnswer(
    await rest('PUT', made.headers.location!.replace('/api/v2.0', ''), marina.admin, { disabled: true }),
    200,
  )
  for (const at of [beside, marina]) await push(at)
})

test('of many first pushes to one immutable tag one succeeds and stays, and the others are refused', async () => {
  const project = await givenProject(marina)
  const name = `${project.name}/app`
  expectAnswer(await rest('POST', `/projects/${project.name}/immutabletagrules`, marina.admin, ruleOf('**')), 201)
  const images = Array.from({ length: 8 }, () => makeImage())
  for (const { blobs } of images) for (const bytes of blobs) await pushBlob(marina, name, bytes)
  const put = (content: Buffer) =>
    marina.ask('PUT', `/v2/${name}/manifests/once`, {
      as: marina.admin,
      body: content,
      headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
    })
  const answers = await Promise.all(images.map(({ content }) => put(content)))
  assert.deepEqual(
    answers.map(({ status }) => status).sort((a, b) => a - b),
    [201, ...Array.from({ length: 7 }, () => 412)],
  )
  const winner = images[answers.findIndex(({ status }) => status === 201)]!
  assert.equal(
    (await marina.ask('GET', `/v2/${name}/manifests/once`, { as: marina.admin })).headers['docker-content-digest'],
    winner.digest,
  )
})

test('with_immutable_status says which tags are immutable', async () => {
  const project = await givenProject(marina)
  const image = await pushImage(marina, `${project.name}/app`, { tag: 'rel-1' })
  await marina.ask('PUT', `/v2/${project.name}/app/manifests/${image.digest}?tag=free`, {
    as: marina.admin,
    body: image.content,
    headers: { 'content-type': image.mediaType },
  })
  expectAnswer(await rest('POST', `/projects/${project.name}/immutabletagrules`, marina.admin, ruleOf('rel-*')), 201)
  const base = `/projects/${project.name}/repositories/app/artifacts`
  const statesOf = (tags: { name: string; immutable: boolean }[]) =>
    Object.fromEntries(tags.map(({ name, immutable }) => [name, immutable]))
  for (const path of [`${base}?with_immutable_status=true`, `${base}/rel-1?with_immutable_status=true`]) {
    const [artifact] = [expectAnswer(await rest('GET', path, marina.admin), 200).json()].flat() as {
      tags: { name: string; immutable: boolean }[]
    }[]
    assert.deepEqual(statesOf(artifact!.tags), { 'rel-1': true, free: false })
  }
  assert.deepEqual(
    statesOf(
      expectAnswer(
        await rest('GET', `${base}/free/tags?with_immutable_status=true`, marina.admin),
        200,
      ).json() as never,
    ),
    { 'rel-1': true, free: false },
  )
})

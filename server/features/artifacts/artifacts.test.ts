import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { ociIndex, ociManifest } from '../../../oci/media-type.ts'
import { sql } from '../../platform/db/sql.ts'
import {
  descriptorOf,
  fresh,
  givenProject,
  pushBlob,
  pushImage,
  pushIndex,
  pushManifest,
  pushReferrer,
  type Pushed,
} from '../../testing/given.ts'
import { expectAnswer, type Person } from '../../testing/http.ts'
import { openRival, untilWaiting } from '../../testing/rival.ts'
import { openRest } from '../../testing/rest.ts'
import { openScene } from '../../testing/scene.ts'
import { openBeside } from '../../testing/server.ts'

type Shown = {
  id: number
  type: string
  digest: string
  media_type: string
  manifest_media_type: string
  repository_name: string
  icon: string
  size: number
  pull_time: string
  push_time: string
  extra_attrs: Record<string, unknown>
  tags?: { id: number; name: string; artifact_id: number }[]
  labels?: { id: number; name: string; scope: string }[]
  references: {
    child_digest: string
    parent_id: number
    platform?: Record<string, string>
    annotations?: Record<string, string>
  }[]
  accessories?: { type: string; digest: string; subject_artifact_digest: string; subject_artifact_repo: string }[]
  inherited_accessories?: { digest: string }[]
  addition_links: Record<string, { href: string; absolute: boolean }>
}

const { marina, rest, cast } = await openScene()

const codes: Record<number, string> = { 401: 'UNAUTHORIZED', 403: 'FORBIDDEN' }
const pathOf = (repository: string) => {
  const [project, rest] = [repository.slice(0, repository.indexOf('/')), repository.slice(repository.indexOf('/') + 1)]
  return `/projects/${project}/repositories/${encodeURIComponent(rest)}/artifacts`
}
const list = async (repository: string, query = 'page_size=100', as: Person | undefined = marina.admin) =>
  expectAnswer(await rest('GET', `${pathOf(repository)}?${query}`, as), 200).json() as Shown[]
const get = async (repository: string, reference: string, query = '') =>
  expectAnswer(await rest('GET', `${pathOf(repository)}/${reference}?${query}`, marina.admin), 200).json() as Shown
const digestsOf = (artifacts: { digest: string }[]) => artifacts.map(({ digest }) => digest)
const putTag = (image: Pushed, tag: string) =>
  pushManifest(marina, image.repository, image.content, image.mediaType, { tag })

async function givenRepository(): Promise<string> {
  return `${(await givenProject(marina)).name}/app`
}

async function givenLabel(projectId: number | null): Promise<number> {
  const row = await marina.ground.db.row<{ id: number }>(
    sql`insert into label (name, project_id) values (${fresh('label')}, ${projectId}) returning id`,
  )
  return row!.id
}

async function pushPlatformIndex(repository: string, children: Pushed[], tag?: string): Promise<Pushed> {
  const manifests = children.map(({ descriptor }, index) => ({
    ...descriptor,
    platform: { os: 'linux', architecture: ['amd64', 'arm64', 's390x'][index]!, 'os.features': ['a'], odd: 1 },
    annotations: { place: String(index) },
  }))
  return pushManifest(
    marina,
    repository,
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests })),
    ociIndex,
    tag === undefined ? {} : { tag },
  )
}

/** Counts the statements that the process sends to the database from here on, whatever part of it sends them. */
function countStatements(): Disposable & { asked(): number } {
  const { db } = marina.ground
  const { rows, row, run } = db
  let count = 0
  const counted =
    <Args extends unknown[], Result>(ask: (...args: Args) => Result) =>
    (...args: Args) => {
      count++
      return ask(...args)
    }
  Object.assign(db, { rows: counted(rows), row: counted(row), run: counted(run) })
  return { asked: () => count, [Symbol.dispose]: () => void Object.assign(db, { rows, row, run }) }
}

test('a list shows, newest first, artifacts with a tag and those that are neither part nor accessory', async () => {
  const name = await givenRepository()
  const [child, tagged] = [await pushImage(marina, name), await pushImage(marina, name, { tag: 'part' })]
  const index = await pushPlatformIndex(name, [child, tagged])
  await pushReferrer(marina, name, index)
  const alone = await pushImage(marina, name)
  assert.deepEqual(digestsOf(await list(name)), [alone.digest, index.digest, tagged.digest])
  assert.equal((await rest('GET', `${pathOf(name)}?page_size=1`, marina.admin)).headers['x-total-count'], '3')
  // A part with a tag of its own is listed, as the newest since it was pushed again.
  await putTag(child, 'own')
  assert.deepEqual(digestsOf(await list(name)), [child.digest, alone.digest, index.digest, tagged.digest])
  expectAnswer(await marina.ask('DELETE', `/v2/${name}/manifests/own`, { as: marina.admin }), 202)
  assert.deepEqual(digestsOf(await list(name)), [alone.digest, index.digest, tagged.digest])
  expectAnswer(await marina.ask('DELETE', `/v2/${name}/manifests/${index.digest}`, { as: marina.admin }), 202)
  assert.deepEqual(
    new Set(digestsOf(await list(name))),
    new Set([alone.digest, tagged.digest, child.digest]),
    'parts are listed once their index is deleted',
  )
})

test('an artifact shows its tags, references, attributes and links', async () => {
  const name = await givenRepository()
  const config = Buffer.from(
    JSON.stringify({ os: 'linux', architecture: 'amd64', author: 'me \0 \ud800', config: { Cmd: ['x'], 'a\0b': 1 } }),
  )
  const layer = randomBytes(100)
  for (const bytes of [config, layer]) await pushBlob(marina, name, bytes)
  const content = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociManifest,
      config: descriptorOf(config, 'application/vnd.oci.image.config.v1+json'),
      layers: [descriptorOf(layer)],
    }),
  )
  const image = await pushManifest(marina, name, content, ociManifest, { tag: 'v1' })
  const index = await pushPlatformIndex(name, [image], 'multi')
  const shown = await get(name, 'v1')
  assert.deepEqual(
    [shown.type, shown.digest, shown.media_type, shown.manifest_media_type, shown.repository_name],
    ['IMAGE', image.digest, 'application/vnd.oci.image.config.v1+json', ociManifest, name],
  )
  assert.deepEqual(
    [shown.extra_attrs['os'], shown.extra_attrs['architecture'], shown.extra_attrs['config']],
    ['linux', 'amd64', { Cmd: ['x'], ab: 1 }],
  )
  assert.equal(shown.size, content.length + config.length + layer.length)
  assert.deepEqual(
    shown.tags!.map((tag) => [tag.name, tag.artifact_id]),
    [['v1', shown.id]],
  )
  assert.equal(shown.pull_time, '0001-01-01T00:00:00.000Z')
  assert.deepEqual(Object.keys(shown.addition_links), ['build_history'])
  expectAnswer(
    await rest('GET', shown.addition_links['build_history']!.href.replace('/api/v2.0', ''), marina.admin),
    200,
  )
  assert.equal(
    ((await rest('GET', `/icons/${shown.icon}`, undefined)).json() as { 'content-type': string })['content-type'],
    'image/svg+xml',
  )
  const multi = await get(name, index.digest)
  assert.deepEqual(multi.references, [
    {
      parent_id: multi.id,
      child_id: shown.id,
      child_digest: image.digest,
      platform: { architecture: 'amd64', os: 'linux', 'os.features': ['a'] },
      annotations: { place: '0' },
    },
  ])
  assert.equal((await get(name, 'v1', 'with_tag=false')).tags, undefined)
})

test('accessories of all forms are shown with their subject, also when the subject is pushed later', async () => {
  const name = await givenRepository()
  const subject = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests: [] }))
  const early = await pushReferrer(
    marina,
    name,
    { descriptor: descriptorOf(subject, ociIndex) },
    { artifactType: 'application/vnd.cncf.notary.signature' },
  )
  assert.deepEqual(digestsOf(await list(name)), [early.digest], 'its subject is not there yet')
  const index = await pushManifest(marina, name, subject, ociIndex, { tag: 'v1' })
  const cosign = await pushImage(marina, name, { tag: `sha256-${index.digest.slice(7)}.sig` })
  const sbom = await pushReferrer(marina, name, index, { artifactType: 'application/vnd.goharbor.harbor.sbom.v1' })
  const ofSbom = await pushReferrer(marina, name, sbom)
  const [shown, ...others] = await list(name, 'with_accessory=true')
  assert.deepEqual([shown!.digest, others], [index.digest, []])
  assert.deepEqual(
    shown!.accessories!.map(({ type, digest }) => [type, digest]),
    [
      ['signature.notation', early.digest],
      ['signature.cosign', cosign.digest],
      ['sbom.harbor', sbom.digest],
    ],
  )
  assert.deepEqual(
    [shown!.accessories![0]!.subject_artifact_digest, shown!.accessories![0]!.subject_artifact_repo],
    [index.digest, name],
  )
  assert.deepEqual(digestsOf((await get(name, sbom.digest, 'with_accessory=true')).accessories!), [ofSbom.digest])
  const path = `${pathOf(name)}/v1/accessories`
  const answer = expectAnswer(await rest('GET', `${path}?page_size=2&page=2`, marina.admin), 200)
  assert.deepEqual([answer.headers['x-total-count'], digestsOf(answer.json() as Shown[])], ['3', [sbom.digest]])
  assert.deepEqual(
    digestsOf(
      expectAnswer(await rest('GET', `${path}?q=type%3Dsignature.cosign`, marina.admin), 200).json() as Shown[],
    ),
    [cosign.digest],
  )
  expectAnswer(await rest('GET', `${path}?q=secret%3D1`, marina.admin), 400, 'BAD_REQUEST')
})

test('the parts of an index inherit its accessories', async () => {
  const name = await givenRepository()
  const child = await pushImage(marina, name, { tag: 'part' })
  const signature = await pushReferrer(marina, name, await pushIndex(marina, name, [child]))
  const shown = await get(name, 'part', 'with_accessory=true&with_inherited_accessory=true')
  assert.deepEqual([shown.accessories, digestsOf(shown.inherited_accessories!)], [[], [signature.digest]])
})

test('lists are narrowed and sorted by known fields, and by no other', async () => {
  const name = await givenRepository()
  const project =
    (await marina.ground.db.row<{ id: number }>(sql`select project_id as id from repository where name = ${name}`))
      ?.id ?? null
  const [one, two] = [await pushImage(marina, name, { tag: 'rel_1' }), await pushImage(marina, name, { tag: 'rel-2' })]
  const bare = await pushImage(marina, name)
  const projectId =
    project ??
    (await marina.ground.db.row<{ id: number }>(sql`select project_id as id from repository where name = ${name}`))!.id
  const [a, b] = [await givenLabel(projectId), await givenLabel(null)]
  for (const id of [a, b]) expectAnswer(await rest('POST', `${pathOf(name)}/rel_1/labels`, marina.admin, { id }), 200)
  expectAnswer(await rest('POST', `${pathOf(name)}/rel-2/labels`, marina.admin, { id: a }), 200)
  const found = async (q: string, more = '') => digestsOf(await list(name, `q=${encodeURIComponent(q)}${more}`))
  assert.deepEqual(await found('tags=*'), [two.digest, one.digest])
  assert.deepEqual(await found('tags=nil'), [bare.digest])
  assert.deepEqual(await found('tags=rel-2'), [two.digest])
  assert.deepEqual(await found('tags=~_'), [one.digest])
  assert.deepEqual(await found('tags=~%'), [])
  assert.deepEqual(await found('tags={rel_1 rel-2 x}'), [two.digest, one.digest])
  assert.deepEqual(await found(`digest=${two.digest}`), [two.digest])
  assert.deepEqual(await found(`labels=(${a} ${b})`), [one.digest])
  assert.deepEqual(await found(`labels=(${a})`), [two.digest, one.digest])
  assert.deepEqual(await found(`labels=${b}`), [one.digest])
  assert.deepEqual(await found('type=IMAGE,tags=*', '&sort=push_time'), [one.digest, two.digest])
  assert.deepEqual(await found('type=CHART'), [])
  assert.deepEqual(await found(`media_type=application/vnd.oci.image.config.v1+json`, '&sort=push_time'), [
    one.digest,
    two.digest,
    bare.digest,
  ])
  assert.deepEqual(await found('push_time=[2020-01-01~]', '&page_size=1&page=2'), [two.digest])
  assert.deepEqual(await found('push_time=[~2020-01-01 00:00:00]'), [])
  for (const bad of [
    'q=annotations%3Dx',
    'q=labels%3D(x)',
    'q=labels%3D~1',
    'q=size%3Dx',
    'sort=labels',
    'sort=extra_attrs',
    'q=push_time%3Dx',
  ]) {
    expectAnswer(await rest('GET', `${pathOf(name)}?${bad}`, marina.admin), 400, 'BAD_REQUEST')
  }
  for (const bad of ['page_size=101', 'page=x', 'with_tag=maybe'])
    expectAnswer(await rest('GET', `${pathOf(name)}?${bad}`, marina.admin), 422, 'UNPROCESSABLE_ENTITY')
  const [shown] = await list(name, `q=labels%3D${b}&with_label=true`)
  assert.deepEqual(
    shown!.labels!.map(({ id, scope }) => [id, scope]),
    [
      [a, 'p'],
      [b, 'g'],
    ],
  )
})

test('pages of the plain list fit together, however deep, and after every change', async () => {
  const name = await givenRepository()
  const first = await pushImage(marina, name, { tag: 'first' })
  await marina.ground.db.run(sql`
    insert into artifact (repository_id, digest, media_type, kind, size, pushed_at)
    select (select id from repository where name = ${name}), 'sha256:' || lpad(to_hex(n), 64, '0'),
      'application/vnd.oci.image.manifest.v1+json', 'image', 1,
      timestamptz '2020-01-01' + (n / 3) * interval '1 microsecond' from generate_series(1, 1234) n`)
  const walk = async () => {
    const seen: string[] = []
    for (let page = 1; page <= 13; page++) seen.push(...digestsOf(await list(name, `page_size=100&page=${page}`)))
    return seen
  }
  const newest = await pushImage(marina, name, { tag: 'newest' })
  const seen = await walk()
  const wanted = await marina.ground.db.rows<{ digest: string }>(sql`
    select digest from artifact where repository_id = (select id from repository where name = ${name})
    order by pushed_at desc, id desc`)
  assert.deepEqual(seen, digestsOf(wanted))
  assert.deepEqual([seen.length, seen[0], seen[1]], [1236, newest.digest, first.digest])
  const answer = await rest('GET', `${pathOf(name)}?page_size=100&page=13`, marina.admin)
  assert.deepEqual(
    [
      answer.headers['x-total-count'],
      /page=12/.test(String(answer.headers.link)),
      /next/.test(String(answer.headers.link)),
    ],
    ['1236', true, false],
  )
  assert.deepEqual(await list(name, 'page_size=100&page=14'), [])
  expectAnswer(await rest('DELETE', `${pathOf(name)}/newest`, marina.admin), 200)
  await using beside = await openBeside(marina)
  assert.deepEqual(
    digestsOf(
      expectAnswer(await openRest(beside)('GET', `${pathOf(name)}?page_size=1`, marina.admin), 200).json() as Shown[],
    ),
    [first.digest],
  )
  await putTag(first, 'again')
  await pushImage(beside, name, { tag: 'beside' })
  assert.equal((await rest('GET', `${pathOf(name)}?page_size=1`, marina.admin)).headers['x-total-count'], '1236')
  expectAnswer(await rest('GET', `${pathOf(name)}?page_size=100&page=99999`, marina.admin), 400, 'BAD_REQUEST')
})

test('S1-32: a list of any size needs 4 statements with an empty cache, and 1 with a full one', async () => {
  const name = await givenRepository()
  for (let count = 0; count < 3; count++)
    await pushReferrer(
      marina,
      name,
      await pushIndex(marina, name, [await pushImage(marina, name)], { tag: `t${count}` }),
    )
  const query = 'with_label=true&with_accessory=true&with_inherited_accessory=true&with_immutable_status=true'
  const statements = async (size: number, missing: string[] = []) => {
    for (const resource of missing) marina.ground.cache.flush(resource)
    // Reactions to the pushes may send statements meanwhile, which can only add to the count: hence fewest().
    using counter = countStatements()
    assert.equal((await list(name, `${query}&page_size=${size}`)).length, size)
    return counter.asked()
  }
  await statements(1)
  const all = ['artifact', 'accessory', 'artifact_list']
  // One each for the ids, the artifacts, their accessories, and inherited accessories, which no cache holds.
  for (const size of [1, 2, 3]) assert.equal(await fewest(() => statements(size, all)), 4)
  for (const size of [3, 1]) assert.equal(await fewest(() => statements(size)), 1)
  // One more, for the two artifacts that a page of one did not bring into the cache.
  assert.equal(
    await fewest(async () => {
      marina.ground.cache.flush('artifact')
      await statements(1)
      return statements(3)
    }),
    2,
  )
})

async function fewest(count: () => Promise<number>): Promise<number> {
  const counts: number[] = []
  while (counts.length < 10) counts.push(await count())
  return Math.min(...counts)
}

test('tags can be made, listed and removed on the artifact they belong to', async () => {
  const name = await givenRepository()
  const [one, two] = [await pushImage(marina, name, { tag: 'one' }), await pushImage(marina, name, { tag: 'two' })]
  const path = `${pathOf(name)}/one/tags`
  const made = expectAnswer(
    await rest('POST', path, marina.admin, { name: 'more', artifact_id: 7, immutable: true }),
    201,
  )
  assert.equal(made.headers.location, `/api/v2.0${path}/more`)
  expectAnswer(await rest('POST', path, marina.admin, { name: 'more' }), 409, 'CONFLICT')
  expectAnswer(await rest('POST', path, marina.admin, { name: 'two' }), 409, 'CONFLICT')
  for (const body of [{ name: '' }, { name: '-x' }, { name: 'a/b' }, { name: 'x'.repeat(129) }, { name: 'a\0' }])
    expectAnswer(await rest('POST', path, marina.admin, body), 400, 'BAD_REQUEST')
  for (const body of [{}, { name: 7 }, []])
    expectAnswer(await rest('POST', path, marina.admin, body), 422, 'UNPROCESSABLE_ENTITY')
  const named = async (query: string) =>
    (expectAnswer(await rest('GET', `${path}?${query}`, marina.admin), 200).json() as { name: string }[]).map(
      (tag) => tag.name,
    )
  assert.deepEqual(await named('sort=name'), ['more', 'one'])
  assert.deepEqual(await named('q=name%3D~or'), ['more'])
  assert.deepEqual(await named('page_size=1&sort=-name'), ['one'])
  expectAnswer(await rest('GET', `${path}?q=pull_counts%3D1`, marina.admin), 400, 'BAD_REQUEST')
  const pulled = expectAnswer(await marina.ask('GET', `/v2/${name}/manifests/more`, { as: marina.admin }), 200)
  assert.equal(pulled.headers['docker-content-digest'], one.digest)
  expectAnswer(await rest('DELETE', `${path}/two`, marina.admin), 404, 'NOT_FOUND')
  expectAnswer(await marina.ask('GET', `/v2/${name}/manifests/two`, { as: marina.admin }), 200)
  expectAnswer(await rest('DELETE', `${path}/more`, marina.admin), 200)
  expectAnswer(await rest('DELETE', `${path}/more`, marina.admin), 404, 'NOT_FOUND')
  expectAnswer(await marina.ask('GET', `/v2/${name}/manifests/more`, { as: marina.admin }), 404, 'MANIFEST_UNKNOWN')
  expectAnswer(await rest('DELETE', `${pathOf(name)}/${one.digest}/tags/one`, marina.admin), 200)
  assert.deepEqual(digestsOf(await list(name)), [two.digest, one.digest], 'the artifact stays')
})

test('labels of the project and global ones can be put on an artifact, those of other projects cannot', async () => {
  const name = `${cast.A.name}/labelled`
  await pushImage(marina, name, { tag: 'v1' })
  const [own, global, foreign] = [await givenLabel(cast.A.id), await givenLabel(null), await givenLabel(cast.B.id)]
  const path = `${pathOf(name)}/v1/labels`
  for (const id of [own, global]) expectAnswer(await rest('POST', path, cast.deA, { id }), 200)
  expectAnswer(await rest('POST', path, cast.deA, { id: own }), 409, 'CONFLICT')
  for (const id of [foreign, 999_999]) expectAnswer(await rest('POST', path, cast.uaA, { id }), 404, 'NOT_FOUND')
  for (const body of [{}, { id: 0 }, { id: -1 }])
    expectAnswer(await rest('POST', path, cast.uaA, body), 400, 'BAD_REQUEST')
  for (const body of [{ id: 1.5 }, { id: '1' }])
    expectAnswer(await rest('POST', path, cast.uaA, body), 422, 'UNPROCESSABLE_ENTITY')
  for (const [who, status] of [
    [cast.guA, 403],
    [undefined, 401],
    [cast.uaB, 403],
  ] as const) {
    expectAnswer(await rest('POST', path, who, { id: own }), status, codes[status])
    expectAnswer(await rest('DELETE', `${path}/${own}`, who), status, codes[status])
  }
  expectAnswer(await rest('DELETE', `${path}/${own}`, cast.deA), 200)
  expectAnswer(await rest('DELETE', `${path}/${own}`, cast.deA), 404, 'NOT_FOUND')
  expectAnswer(await rest('DELETE', `${path}/${foreign}`, cast.uaA), 404, 'NOT_FOUND')
  const topics = await marina.ground.db.rows<{ topic: string }>(
    sql`select topic from outbox where payload->>'repository' = ${name} and topic like 'artifact.%labeled' order by id`,
  )
  assert.deepEqual(
    topics.map(({ topic }) => topic),
    ['artifact.labeled', 'artifact.labeled', 'artifact.unlabeled'],
  )
})

test('an artifact is deleted with the parts that only it needs and its accessories, and nothing else', async () => {
  const name = await givenRepository()
  const [only, shared, tagged] = [
    await pushImage(marina, name),
    await pushImage(marina, name),
    await pushImage(marina, name, { tag: 'part' }),
  ]
  const index = await pushIndex(marina, name, [only, shared, tagged], { tag: 'v1' })
  const other = await pushIndex(marina, name, [shared], { tag: 'v2' })
  const signature = await pushReferrer(marina, name, index)
  const ofOnly = await pushReferrer(marina, name, only)
  const ofShared = await pushReferrer(marina, name, shared)
  const byTag = await pushImage(marina, name, { tag: `sha256-${index.digest.slice(7)}.sig` })
  const beside = await pushImage(marina, name)
  expectAnswer(await rest('DELETE', `${pathOf(name)}/${only.digest}`, marina.admin), 412, 'PRECONDITION')
  expectAnswer(await rest('DELETE', `${pathOf(name)}/v1`, marina.admin), 200)
  const status = async (digest: string) =>
    (await marina.ask('GET', `/v2/${name}/manifests/${digest}`, { as: marina.admin })).status
  for (const [what, gone] of Object.entries({ only, index, signature, ofOnly, byTag }))
    assert.equal(await status(gone.digest), 404, what)
  for (const [what, kept] of Object.entries({ shared, tagged, other, ofShared, beside }))
    assert.equal(await status(kept.digest), 200, what)
  assert.deepEqual((await marina.ask('GET', `/v2/${name}/tags/list`, { as: marina.admin })).json(), {
    name,
    tags: ['part', 'v2'],
  })
  expectAnswer(await rest('DELETE', `${pathOf(name)}/v1`, marina.admin), 404, 'NOT_FOUND')
  const facts = await marina.ground.db.rows<{ payload: { digest: string; tags: string[] } }>(
    sql`select payload from outbox where topic = 'artifact.deleted' and payload->>'repository' = ${name}`,
  )
  assert.deepEqual(facts.find(({ payload }) => payload.digest === index.digest)!.payload.tags, ['v1'])
  assert.equal(facts.length, 5)
})

test('a part that gets a tag while its index is deleted stays, with the tag', async () => {
  const { db } = marina.ground
  const name = await givenRepository()
  const [part, other] = [await pushImage(marina, name), await pushImage(marina, name)]
  const index = await pushIndex(marina, name, [part, other], { tag: 'v1' })
  await using rival = await openRival(
    db,
    sql`
    insert into tag (repository_id, artifact_id, name)
    select repository_id, id, 'part' from artifact where digest = ${part.digest}`,
  )
  const deleting = rest('DELETE', `${pathOf(name)}/v1`, marina.admin)
  await untilWaiting(db)
  await rival.commit()
  expectAnswer(await deleting, 200)
  assert.deepEqual((await marina.ask('GET', `/v2/${name}/tags/list`, { as: marina.admin })).json(), {
    name,
    tags: ['part'],
  })
  const status = async (digest: string) =>
    (await marina.ask('GET', `/v2/${name}/manifests/${digest}`, { as: marina.admin })).status
  assert.deepEqual([await status(index.digest), await status(other.digest), await status(part.digest)], [404, 404, 200])
})

test('C-80: an artifact is copied with its accessories by those who may read it and write the target', async () => {
  const [source, target] = [`${cast.A.name}/src`, `${cast.B.name}/dst/deep`]
  const child = await pushImage(marina, source)
  const index = await pushPlatformIndex(source, [child], 'v1')
  const signature = await pushReferrer(marina, source, index)
  const byTag = await pushImage(marina, source, { tag: `sha256-${index.digest.slice(7)}.sig` })
  await putTag(index, 'latest')
  const copy = (as: Person | undefined, from: string, to = target) =>
    rest('POST', `${pathOf(to)}?from=${encodeURIComponent(from)}`, as)
  for (const [who, status] of [
    [undefined, 401],
    [cast.uaA, 403],
    [cast.uaB, 403],
    [cast.guA, 403],
  ] as const)
    expectAnswer(await copy(who, `${source}:v1`), status, codes[status])
  expectAnswer(await copy(cast.uaB, `${fresh('absent')}/src:v1`), 403, 'FORBIDDEN')
  expectAnswer(await marina.ask('GET', `/v2/${target}/tags/list`, { as: marina.admin }), 404, 'NAME_UNKNOWN')

  const made = expectAnswer(await copy(marina.admin, `${source}@${index.digest}`), 201)
  assert.equal(
    made.headers.location,
    `/api/v2.0/projects/${cast.B.name}/repositories/dst%2Fdeep/artifacts/${index.digest}`,
  )
  for (const one of [index, child, signature, byTag])
    assert.deepEqual(
      (await marina.ask('GET', `/v2/${target}/manifests/${one.digest}`, { as: cast.uaB })).body,
      one.content,
    )
  for (const digest of [child.config, ...child.layers, ...byTag.layers])
    expectAnswer(await marina.ask('GET', `/v2/${target}/blobs/${digest}`, { as: cast.uaB }), 200)
  const shown = await get(target, 'latest', 'with_accessory=true')
  assert.deepEqual(
    [
      shown.tags!.map((tag) => tag.name).sort(),
      new Set(digestsOf(shown.accessories!)),
      shown.references[0]!.platform!['architecture'],
    ],
    [['latest', 'v1'], new Set([signature.digest, byTag.digest]), 'amd64'],
  )
  assert.deepEqual(digestsOf(await list(target)), [index.digest])
  assert.deepEqual(
    new Set(digestsOf(await list(target, 'q=base%3D*'))),
    new Set([index, child, signature, byTag].map(({ digest }) => digest)),
  )

  const one = expectAnswer(await copy(marina.admin, `${source}:v1`, `${cast.B.name}/one`), 201)
  assert.match(one.headers.location!, /\/repositories\/one\/artifacts\/v1$/)
  assert.deepEqual(
    (await get(`${cast.B.name}/one`, 'v1')).tags!.map((tag) => tag.name),
    ['v1'],
  )
  for (const from of [
    'x',
    'a/b',
    'a\0b/c:v1',
    `${cast.A.name}/c:v\0`,
    `${cast.A.name}/c\0d:v1`,
    `${source}@sha256:x`,
    `${source}:-x`,
    `${source}:a:b`,
    '/:v1',
  ])
    expectAnswer(await copy(marina.admin, from), 400, 'BAD_REQUEST')
  for (const from of [
    `${source}:absent`,
    `${source}@sha256:${'0'.repeat(64)}`,
    `${cast.A.name}/absent:v1`,
    `${fresh('absent')}/src:v1`,
  ])
    assert.match(
      expectAnswer(await copy(marina.admin, from), 400, 'BAD_REQUEST').text,
      new RegExp(`artifact ${from} not found`),
    )
  for (const alone of [signature, byTag])
    expectAnswer(await copy(marina.admin, `${source}@${alone.digest}`, `${cast.B.name}/alone`), 403, 'DENIED')
  expectAnswer(
    await rest('POST', `/projects/${cast.B.name}/repositories/UPPER/artifacts?from=${source}:v1`, marina.admin),
    400,
    'BAD_REQUEST',
  )
  const facts = await marina.ground.db.rows<{ payload: { from: string; by: { name: string } } }>(
    sql`select payload from outbox where topic = 'artifact.copied' and payload->>'repository' = ${target}`,
  )
  assert.deepEqual(
    facts.map(({ payload }) => [payload.from, payload.by.name]),
    [[source, 'admin']],
  )
})

test('a copy of an artifact that the target has already adds the tag and what the artifact lacks there', async () => {
  const [source, target] = [`${cast.A.name}/promoted`, `${cast.B.name}/promoted`]
  const image = await pushImage(marina, source, { tag: 'v1' })
  const copy = (tag: string) => rest('POST', `${pathOf(target)}?from=${source}:${tag}`, marina.admin)
  expectAnswer(await copy('v1'), 201)
  expectAnswer(await rest('POST', `${pathOf(source)}/v1/tags`, marina.admin, { name: 'released' }), 201)
  const signature = await pushReferrer(marina, source, image)
  const other = await pushImage(marina, target, { tag: 'released' })
  for (const tag of ['released', 'released', 'v1']) expectAnswer(await copy(tag), 201)
  const shown = await get(target, 'released', 'with_accessory=true')
  assert.equal(shown.digest, image.digest)
  assert.deepEqual(shown.tags!.map((tag) => tag.name).sort(), ['released', 'v1'])
  assert.deepEqual(digestsOf(shown.accessories!), [signature.digest])
  assert.deepEqual(new Set(digestsOf(await list(target))), new Set([image.digest, other.digest]))
})

test('a list of a project shows all artifacts, or the newest of each of its repositories', async () => {
  const project = await givenProject(marina)
  const [a, b] = [`${project.name}/a`, `${project.name}/b`]
  const [one, two, three] = [
    await pushImage(marina, a, { tag: 'v1' }),
    await pushImage(marina, b, { tag: 'v1' }),
    await pushImage(marina, a, { tag: 'v2' }),
  ]
  const found = async (query: string) =>
    digestsOf(
      expectAnswer(
        await rest('GET', `/projects/${project.name}/artifacts?${query}`, marina.admin),
        200,
      ).json() as Shown[],
    )
  assert.deepEqual(await found(''), [three.digest, two.digest, one.digest])
  assert.deepEqual(await found('latest_in_repository=true'), [three.digest, two.digest])
  assert.deepEqual(await found(`q=repository_name%3D${encodeURIComponent(b)}`), [two.digest])
  expectAnswer(await rest('GET', `/projects/${project.name}/artifacts`, cast.uaA), 403, 'FORBIDDEN')
})

test('a reference that names nothing is 404, a malformed one is 400, and other projects stay closed', async () => {
  const name = `${cast.B.name}/secret`
  const image = await pushImage(marina, name, { tag: 'v1' })
  await pushImage(marina, `${cast.A.name}/mine`, { tag: 'v1' })
  for (const reference of ['absent', `sha256:${'0'.repeat(64)}`, image.digest])
    expectAnswer(
      await rest('GET', `/projects/${cast.A.name}/repositories/mine/artifacts/${reference}`, cast.uaA),
      404,
      'NOT_FOUND',
    )
  for (const reference of ['sha256:x', '-x', 'x'.repeat(200), '%00', 'a%20b'])
    expectAnswer(
      await rest('GET', `/projects/${cast.A.name}/repositories/mine/artifacts/${reference}`, cast.uaA),
      400,
      'BAD_REQUEST',
    )
  for (const tail of ['', '/v1', '/v1/tags', '/v1/accessories', '/v1/additions/build_history']) {
    expectAnswer(await rest('GET', `${pathOf(name)}${tail}`, cast.uaA), 403, 'FORBIDDEN')
    expectAnswer(await rest('GET', `${pathOf(name)}${tail}`, undefined), 401, 'UNAUTHORIZED')
  }
  expectAnswer(
    await rest('GET', `/projects/${cast.A.name}/repositories/..%2F${cast.B.name}%2Fsecret/artifacts/v1`, cast.uaA),
    404,
    'NOT_FOUND',
  )
})

test('C-38: a config that only another repository holds is not read from storage, with or without a URL', async () => {
  const secret = Buffer.from(JSON.stringify({ author: 'CANARY', os: 'secret' }))
  await pushBlob(marina, `${cast.B.name}/secret`, secret)
  const config = descriptorOf(secret, 'application/vnd.oci.image.config.v1+json')
  for (const one of [config, { ...config, urls: ['https://example.com/x'] }]) {
    const refused = await marina.ask('PUT', `/v2/${cast.A.name}/thief/manifests/v2`, {
      as: cast.uaA,
      body: JSON.stringify({ schemaVersion: 2, mediaType: ociManifest, config: one, layers: [] }),
      headers: { 'content-type': ociManifest },
    })
    expectAnswer(refused, 400, 'MANIFEST_BLOB_UNKNOWN')
  }
})

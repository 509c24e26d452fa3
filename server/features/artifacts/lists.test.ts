import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openPullCounter } from '../../catalog/pulls.ts'
import { resourceOf } from '../../platform/cache/keys.ts'
import { sql } from '../../platform/db/sql.ts'
import {
  fresh,
  givenProject,
  givenUser,
  pushImage,
  pushIndex,
  pushManifest,
  pushReferrer,
  type Pushed,
} from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openTestRedis, type TestRedis } from '../../testing/redis.ts'
import { randomOf } from '../../testing/random.ts'
import { openRest } from '../../testing/rest.ts'
import { openBeside, openTestMarina, type TestMarina } from '../../testing/server.ts'

/** Three processes on one database: two with caches and Redis; `truthful` without a cache, which is always right. */
let redis: TestRedis
let first: TestMarina
let second: TestMarina
let truthful: TestMarina
const opened = new AsyncDisposableStack()
before(async () => {
  redis = opened.use(await openTestRedis())
  first = opened.use(await openTestMarina({ MARINA_REDIS_URL: redis.url }))
  second = opened.use(await openBeside(first, { MARINA_REDIS_URL: redis.url }))
  truthful = opened.use(await openBeside(first, { MARINA_CACHE_ENABLED: 'false' }))
})
after(() => opened.disposeAsync())

const views = [
  'with_label=true&with_accessory=true&with_inherited_accessory=true&page_size=100',
  'page_size=2&page=2&with_accessory=true',
  'q=tags%3D*&sort=digest&with_label=true&page_size=50',
]
const pathOf = (repository: string) => {
  const [project, rest] = [repository.slice(0, repository.indexOf('/')), repository.slice(repository.indexOf('/') + 1)]
  return `/projects/${project}/repositories/${rest}/artifacts`
}

/** The answers of a process to all views of the list, and for each tag, the repository and the project. */
async function look(marina: TestMarina, repository: string, tags: string[]): Promise<unknown[]> {
  const project = `/projects/${repository.slice(0, repository.indexOf('/'))}`
  const around = [
    project,
    `/projects?q=name%3D${project.slice('/projects/'.length)}`,
    `${project}/repositories?sort=name`,
    `${project}/repositories/${repository.slice(repository.indexOf('/') + 1)}`,
    `${project}/metadatas/`,
    `${project}/summary`,
  ]
  const paths = [
    ...around,
    ...views.map((view) => `${pathOf(repository)}?${view}`),
    ...tags.map((tag) => `${pathOf(repository)}/${tag}?with_accessory=true&with_label=true`),
  ]
  const answers = await Promise.all(paths.map((path) => openRest(marina)('GET', path, marina.admin)))
  return answers.map(({ status, headers, text }) => [
    status,
    headers['x-total-count'],
    status === 200 ? JSON.parse(text) : status,
  ])
}

type World = {
  project: { id: number; name: string }
  repository: string
  tags: string[]
  images: Pushed[]
  labels: number[]
  users: string[]
  random(): number
}

async function givenWorld(seed: number): Promise<World> {
  const project = await givenProject(first)
  const repository = `${project.name}/app`
  const labels = [await givenLabel(project.id), await givenLabel(null)]
  const users = [(await givenUser(first)).name, (await givenUser(first)).name]
  return {
    project,
    repository,
    users,
    tags: ['a', 'b', 'c'],
    images: [await pushImage(first, repository, { tag: 'a' })],
    labels,
    random: randomOf(seed),
  }
}

async function givenLabel(projectId: number | null): Promise<number> {
  return (await first.ground.db.row<{ id: number }>(
    sql`insert into label (name, project_id) values (${fresh('label')}, ${projectId}) returning id`,
  ))!.id
}

/** Makes one random change to the repository, through one process or the other. The change may be refused. */
async function doSomething(world: World): Promise<void> {
  const { project, repository, tags, images, labels, users, random } = world
  const pick = <One>(all: One[]) => all[Math.floor(random() * all.length)]!
  const marina = random() < 0.5 ? first : second
  const rest = openRest(marina)
  const [tag, image, label] = [pick(tags), pick(images), pick(labels)]
  const one = `${pathOf(repository)}/${image.digest}`
  const what = random()
  if (what < 0.15) images.push(await pushImage(marina, repository, random() < 0.7 ? { tag } : {}))
  else if (what < 0.3) await again(pushManifest(marina, repository, image.content, image.mediaType, { tag }))
  else if (what < 0.4)
    await again(
      pushReferrer(marina, repository, image, { artifactType: 'application/vnd.cncf.notary.signature' }).then((made) =>
        images.push(made),
      ),
    )
  else if (what < 0.45) await again(pushIndex(marina, repository, [image], { tag }).then((made) => images.push(made)))
  else if (what < 0.55) await rest('POST', `${one}/labels`, marina.admin, { id: label })
  else if (what < 0.6) await rest('DELETE', `${one}/labels/${label}`, marina.admin)
  else if (what < 0.65)
    await rest('PUT', `/labels/${label}`, marina.admin, { name: fresh('renamed'), color: '#00AB9A' })
  else if (what < 0.75) await rest('POST', `${one}/tags`, marina.admin, { name: tag })
  else if (what < 0.79) await rest('DELETE', `${one}/tags/${tag}`, marina.admin)
  else if (what < 0.84) await rest('DELETE', one, marina.admin)
  // Changes of the project: another repository, its members, its CVE allowlist, its description and metadata.
  else if (what < 0.86) await again(pushImage(marina, `${project.name}/other`, { tag }))
  else if (what < 0.875) await rest('DELETE', `/projects/${project.name}/repositories/other`, marina.admin)
  else if (what < 0.89) await changeMember(marina, project.id, pick(users), random())
  else if (what < 0.9)
    await rest('PUT', `/projects/${project.id}`, marina.admin, {
      cve_allowlist: { items: random() < 0.5 ? [] : [{ cve_id: fresh('CVE') }] },
    })
  else if (what < 0.92)
    await rest('PUT', pathOf(repository).replace(/\/artifacts$/, ''), marina.admin, { description: fresh('described') })
  else if (what < 0.95)
    await rest('PUT', random() < 0.5 ? `/projects/${project.id}` : `/projects/${project.name}`, marina.admin, {
      metadata: { auto_scan: String(random() < 0.5), public: String(random() < 0.5) },
    })
  else if (what < 0.97) await rest('DELETE', `/projects/${project.name}/metadatas/auto_scan`, marina.admin)
  else await pullAndFlush(marina, repository, image, tag)
}

/** Makes an account a member, changes its role, or removes the member. */
async function changeMember(marina: TestMarina, projectId: number, name: string, chance: number): Promise<void> {
  const rest = openRest(marina)
  const path = `/projects/${projectId}/members`
  const { json } = await rest('GET', `${path}?entityname=${name}`, marina.admin)
  const [known] = json() as { id: number }[]
  if (!known)
    await rest('POST', path, marina.admin, { role_id: 1 + Math.floor(chance * 5), member_user: { username: name } })
  else if (chance < 0.5)
    await rest('PUT', `${path}/${known.id}`, marina.admin, { role_id: 1 + Math.floor(chance * 10) })
  else await rest('DELETE', `${path}/${known.id}`, marina.admin)
}

/** A push may be refused when another change deletes a part of it at the same time. */
const again = (work: Promise<unknown>) => work.catch(() => {})

/** S2-05: pulls are counted in memory and written as one batch. */
async function pullAndFlush(marina: TestMarina, repository: string, { digest }: Pushed, tag: string): Promise<void> {
  await using pulls = openPullCounter(marina.ground.db, 3600_000, () => {})
  pulls.count({
    projectId: 0,
    repository: repository as never,
    digest,
    tag,
    by: { kind: 'system', id: null, name: 'test' },
  })
  await pulls.flush()
}

/** Each step makes up to three changes at once and compares all processes. Returns the first step with a difference. */
async function findLie(seed: number, steps: number): Promise<string | undefined> {
  const world = await givenWorld(seed)
  for (let step = 1; step <= steps; step++) {
    await Promise.all(Array.from({ length: 1 + Math.floor(world.random() * 3) }, () => doSomething(world)))
    const [truth, one] = await Promise.all(
      [truthful, first].map((marina) => look(marina, world.repository, world.tags)),
    )
    // The second process looks after the first, so that it finds in Redis what the first one put there.
    const two = await look(second, world.repository, world.tags)
    for (const [index, told] of [one, two].entries()) {
      try {
        assert.deepEqual(told, truth)
      } catch (error) {
        return `seed ${seed}, step ${step}, process ${index + 1}: ${(error as Error).message}`
      }
    }
  }
  return undefined
}

const kinds = [
  'artifact',
  'accessory',
  'label',
  'artifact_list',
  'artifact_count',
  'tag',
  'repository',
  'repository_count',
  'project',
  'project_metadata',
  'member_count',
  'cve_allowlist',
]

test('S1-02, S1-09, S1-25, S1-31: lists from caches equal the database after any change by any process', async () => {
  for (const seed of [1, 2]) assert.equal(await findLie(seed, 40), undefined)
  const hits = first.ground.layers
    .counts()
    .filter(({ layer }) => layer === 'memory')
    .map(({ resource, counts }) => [resource, counts.hit] as const)
  for (const resource of kinds) {
    assert.ok(new Map(hits).get(resource)! > 20, `${resource} was not answered from memory: ${JSON.stringify(hits)}`)
  }
  assert.ok(
    second.ground.layers
      .counts()
      .some(({ layer, resource, counts }) => layer === 'redis' && resource === 'artifact' && counts.hit > 5),
    `Redis was asked: ${JSON.stringify(second.ground.layers.counts())}`,
  )
})

for (const deaf of kinds) {
  test(`the same test catches a process that is not told of changes of ${deaf}`, async () => {
    const { cache } = second.ground
    const { block } = cache
    // Memory is asked first and keeps the old value, so the stamps, which refuse old values of Redis, do not help.
    cache.block = (keys) => block([...keys].filter((key) => resourceOf(key) !== deaf))
    try {
      let lie: string | undefined
      for (let seed = 1; seed <= 6 && lie === undefined; seed++) lie = await findLie(seed, 25)
      assert.notEqual(lie, undefined)
    } finally {
      cache.block = block
      cache.clear()
    }
  })
}

test('S1-28: the time of a pull is shown as soon as it is written, also where the artifact was cached', async () => {
  const repository = `${(await givenProject(first)).name}/app`
  const image = await pushImage(first, repository, { tag: 'v1' })
  const shown = async () => JSON.stringify(await look(first, repository, ['v1'])).match(/"pull_time":"([^"]+)"/g)
  assert.ok((await shown())!.every((one) => one.includes('0001-01-01')))
  await pullAndFlush(second, repository, image, 'v1')
  assert.ok((await shown())!.every((one) => one.includes(`"${new Date().getUTCFullYear()}-`)))
})

test('S1-34: lists without cached objects are the same, and ask the database each time', async () => {
  await using plain = await openBeside(first, { MARINA_CACHE_LISTS: 'false' })
  const repository = `${(await givenProject(first)).name}/app`
  for (const tag of ['a', 'b', 'c']) await pushReferrer(first, repository, await pushImage(first, repository, { tag }))
  for (let time = 0; time < 2; time++)
    assert.deepEqual(await look(plain, repository, ['a']), await look(first, repository, ['a']))
  assert.equal(
    plain.ground.layers
      .counts()
      .some(({ resource, counts }) => resource === 'artifact_list' && counts.hit + counts.miss > 0),
    false,
  )
})

test('S1-33: rows keep the order of the ids, and one that is deleted between the two reads is left out', async () => {
  const repository = `${(await givenProject(first)).name}/app`
  const images = [
    await pushImage(first, repository),
    await pushImage(first, repository),
    await pushImage(first, repository),
  ]
  const rest = openRest(first)
  const digests = async () =>
    (expectAnswer(await rest('GET', pathOf(repository), first.admin), 200).json() as { digest: string }[]).map(
      ({ digest }) => digest,
    )
  assert.deepEqual(await digests(), images.map(({ digest }) => digest).toReversed())
  // The ids stay cached, the objects do not; then one row is deleted without telling the caches.
  first.ground.cache.flush('artifact')
  await redis.tell('flushall')
  await first.ground.db.run(sql`delete from artifact where digest = ${images[1]!.digest}`)
  assert.deepEqual(await digests(), [images[2]!.digest, images[0]!.digest])
})

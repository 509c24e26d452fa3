/**
 * Roles of one's own and patterns of repositories against a model that is written here and not taken from our own code:
 * random roles, bindings and groups, the same for the same seed. Every answer has to be what the model says.
 */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { callApi, create } from '../../testing/api.ts'
import { fresh, givenProject, givenUser, pushImage } from '../../testing/given.ts'
import { expectAnswer, type Person } from '../../testing/http.ts'
import { randomOf } from '../../testing/random.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import type { Project } from '../../catalog/project.ts'
import { setGroupsOf } from '../user-groups/index.ts'
import { heldBy } from './operations.suite.ts'

let marina: TestMarina
before(async () => {
  marina = await openTestMarina({ MARINA_WORKERS: 'none' })
})
after(() => marina[Symbol.asyncDispose]())

const repositories = ['web', 'web/api', 'web/ui/x', 'db', 'db2']
/** What each pattern matches of the repositories, written by hand. */
const patterns: Record<string, string[]> = {
  '': repositories,
  '**': repositories,
  'web': ['web'],
  'web/*': ['web/api'],
  'web/**': ['web/api', 'web/ui/x'],
  '{web,db}': ['web', 'db'],
  'db*': ['db', 'db2'],
  'd[!a]2': ['db2'],
  '*/?pi': ['web/api'],
  'none/**': [],
}
const rights = [
  'repository:pull',
  'repository:push',
  'repository:delete',
  'repository:list',
  'artifact:list',
  'artifact:delete',
  'tag:list',
  'member:list',
]

type Binding = { pattern: string; held: ReadonlySet<string> }
type Someone = { person: Person; bindings: Binding[] }

type Random = ReturnType<typeof randomOf>
const pickBy =
  (random: Random) =>
  <T>(all: readonly T[]): T =>
    all[Math.floor(random() * all.length)]!

type Role = { id: number; held: ReadonlySet<string> }

/** Two of Harbor's roles, and some of random rights: for every project, or for this one. */
async function givenRoles(project: Project, random: Random): Promise<Role[]> {
  const roles: Role[] = [
    { id: 2, held: heldBy.developer },
    { id: 5, held: heldBy.limitedGuest },
  ]
  for (let count = 0; count < 5; count++) {
    const held = rights.filter(() => random() < 0.45)
    if (held.length === 0) held.push('repository:pull')
    const permissions = held.map((text) => ({ resource: text.split(':')[0]!, action: text.split(':')[1]! }))
    const path = random() < 0.5 ? '/roles' : `/projects/${project.name}/roles`
    const id = await create(marina, path, marina.admin, { name: fresh('role'), permissions })
    roles.push({ id, held: new Set(held) })
  }
  return roles
}

/** Gives a random role; undefined where this is refused because the role gives nothing there, or is held already. */
async function bind(
  { name }: Project,
  roles: Role[],
  pick: ReturnType<typeof pickBy>,
  holder: object,
): Promise<Binding | undefined> {
  const role = pick(roles)
  const pattern = role.id < 6 ? pick(Object.keys(patterns).slice(1)) : pick(Object.keys(patterns))
  const body = { role_id: role.id, ...(pattern === '' ? {} : { repositories: pattern }), ...holder }
  const { status } = await callApi(marina, 'POST', `/projects/${name}/role-bindings`, { as: marina.admin, body })
  const isUseless = pattern !== '' && [...role.held].every((one) => one === 'member:list')
  assert.ok(status === 201 || status === 409 || (status === 400 && isUseless), `${status}`)
  return status === 201 ? { pattern, held: role.held } : undefined
}

/** A project with images in all repositories, and people with random bindings, themselves and by groups. */
async function givenWorld(seed: number): Promise<{ project: Project; people: Someone[] }> {
  const random = randomOf(seed)
  const pick = pickBy(random)
  const project = await givenProject(marina)
  for (const name of repositories) await pushImage(marina, `${project.name}/${name}`, { tag: 'v1' })
  const roles = await givenRoles(project, random)
  const groups: { id: number; bindings: Binding[] }[] = []
  for (let count = 0; count < 2; count++) {
    const id = await create(marina, '/usergroups', marina.admin, { group_name: fresh('group'), group_type: 2 })
    const bound = await bind(project, roles, pick, { member_group: { id } })
    groups.push({ id, bindings: bound ? [bound] : [] })
  }
  const people: Someone[] = []
  for (let count = 0; count < 8; count++) {
    const person = await givenUser(marina)
    const mine = groups.filter(() => random() < 0.4)
    const ids = mine.map(({ id }) => id)
    await setGroupsOf(marina.ground.db, person.id, ids)
    const bindings = mine.flatMap((group) => group.bindings)
    for (let bound = count % 4; bound > 0; bound--) {
      const own = await bind(project, roles, pick, { member_user: { user_id: person.id } })
      if (own) bindings.push(own)
    }
    people.push({ person, bindings })
  }
  return { project, people }
}

/** The model: somebody may do it in a repository when one binding that matches it has the right. */
function may({ bindings }: Someone, right: string, repository: string): boolean {
  const wanted = right === 'repository:pull' ? [right, 'repository:push'] : [right]
  return bindings.some(
    ({ pattern, held }) => patterns[pattern]!.includes(repository) && wanted.some((one) => held.has(one)),
  )
}
const mayInAll = ({ bindings }: Someone, right: string) =>
  bindings.some(({ pattern, held }) => pattern === '' && held.has(right))
/** A list needs the right in the whole project, or in some part, whether or not that has a repository now. */
const mayList = ({ bindings }: Someone, right: string) => bindings.some(({ held }) => held.has(right))

const absent = `sha256:${'0'.repeat(64)}`

const wordsOf = ({ bindings }: Someone) => JSON.stringify(bindings.map(({ pattern, held }) => [pattern, ...held]))

async function checkDoor(project: Project, one: Someone, repository: string): Promise<void> {
  const as = one.person
  const name = `${project.name}/${repository}`
  const about = `${as.name} in ${repository}: ${wordsOf(one)}`
  const [pull, push, remove] = ['pull', 'push', 'delete'].map((action) => may(one, `repository:${action}`, repository))
  const asked = [
    await marina.ask('GET', `/v2/${name}/manifests/v1`, { as }),
    await marina.ask('POST', `/v2/${name}/blobs/uploads/`, { as }),
    await marina.ask('DELETE', `/v2/${name}/manifests/${absent}`, { as }),
  ]
  assert.deepEqual(
    asked.map(({ status }) => status),
    [pull ? 200 : 401, push ? 202 : 401, remove ? 404 : 401],
    about,
  )
  const scope = encodeURIComponent(`repository:${name}:pull,push,delete`)
  const { token } = (
    await marina.ask('GET', `/service/token?service=harbor-registry&scope=${scope}`, { as })
  ).json() as {
    token: string
  }
  const [, claims = ''] = token.split('.')
  const { access } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { access: { actions: string[] }[] }
  const held = [...(pull ? ['pull'] : []), ...(push ? ['push'] : []), ...(remove ? ['delete'] : [])]
  assert.deepEqual(access[0]!.actions, held, about)
  const path = `/projects/${project.name}/repositories/${encodeURIComponent(repository)}/artifacts`
  assert.equal(
    (await callApi(marina, 'GET', path, { as })).status,
    may(one, 'artifact:list', repository) ? 200 : 403,
    about,
  )
  assert.equal(
    (await callApi(marina, 'DELETE', `${path}/absent`, { as })).status,
    may(one, 'artifact:delete', repository) ? 404 : 403,
    about,
  )
  const tags = `/projects/${project.name}/tags?repository=${encodeURIComponent(repository)}`
  assert.equal((await callApi(marina, 'GET', tags, { as })).status, may(one, 'tag:list', repository) ? 200 : 403, about)
}

async function checkLists(project: Project, one: Someone): Promise<void> {
  const as = one.person
  const about = `${as.name}: ${wordsOf(one)}`
  const seen = repositories
    .filter((name) => may(one, 'repository:list', name))
    .map((name) => `${project.name}/${name}`)
    .toSorted()
  const namesOf = (rows: unknown) => (rows as { name: string }[]).map(({ name }) => name).toSorted()
  const listed = await callApi(marina, 'GET', `/projects/${project.name}/repositories`, { as })
  assert.equal(listed.status, mayList(one, 'repository:list') ? 200 : 403, about)
  if (listed.status === 200) {
    assert.deepEqual(namesOf(listed.json()), seen, about)
    assert.equal(listed.headers['x-total-count'], String(seen.length), about)
  }
  const all = expectAnswer(await callApi(marina, 'GET', `/repositories?q=name%3D~${project.name}/`, { as }), 200)
  assert.deepEqual(namesOf(all.json()), seen, about)
  const found = (await callApi(marina, 'GET', `/search?q=${project.name}`, { as })).json() as {
    project: { repo_count: number }[]
    repository: { repository_name: string }[]
  }
  assert.deepEqual(found.repository.map((row) => row.repository_name).toSorted(), seen, about)
  const isSeen = one.bindings.length > 0
  assert.deepEqual(
    found.project.map((row) => row.repo_count),
    isSeen ? [seen.length] : [],
    about,
  )
  const shown = await callApi(marina, 'GET', `/projects/${project.name}`, { as })
  assert.equal(shown.status, isSeen ? 200 : 403, about)
  if (isSeen) assert.equal((shown.json() as { repo_count: number }).repo_count, seen.length, about)
  const { repositories: catalog } = (await marina.ask('GET', '/v2/_catalog', { as })).json() as {
    repositories: string[]
  }
  assert.deepEqual(
    catalog.filter((name) => name.startsWith(`${project.name}/`)),
    seen,
    about,
  )
  const artifacts = await callApi(marina, 'GET', `/projects/${project.name}/artifacts`, { as })
  assert.equal(artifacts.status, mayList(one, 'artifact:list') ? 200 : 403, about)
  if (artifacts.status === 200) {
    const held = repositories.filter((name) => may(one, 'artifact:list', name))
    const rows = artifacts.json() as { repository_name: string }[]
    const places = rows.map((row) => row.repository_name.slice(project.name.length + 1)).toSorted()
    assert.deepEqual(places, held.toSorted(), about)
  }
  const members = await callApi(marina, 'GET', `/projects/${project.name}/members`, { as })
  assert.equal(members.status, mayInAll(one, 'member:list') ? 200 : 403, about)
}

suite('random roles, bindings and patterns', () => {
  for (const seed of [1, 20261130, 4711])
    test(`the server answers as the model does for pull, push, delete and lists, seed ${seed}`, async () => {
      const { project, people } = await givenWorld(seed)
      let [allowed, refused] = [0, 0]
      for (const one of people) {
        await checkLists(project, one)
        for (const repository of repositories) {
          await checkDoor(project, one, repository)
          if (may(one, 'repository:pull', repository)) allowed++
          else refused++
        }
      }
      assert.ok(allowed > 3 && refused > 3, `${allowed} allowed and ${refused} refused say little`)
    })
})

test('a warm pull by somebody with a pattern asks the database nothing', async () => {
  const { project, person } = await givenPuller('web/**')
  const name = `${project.name}/web/api`
  await pushImage(marina, name, { tag: 'v1' })
  const token = await marina.token(person, `repository:${name}:pull`)
  const pull = async () => expectAnswer(await marina.ask('GET', `/v2/${name}/manifests/v1`, { token }), 200)
  await pull()
  const { db } = marina.ground
  const { rows, row, run } = db
  let asked = 0
  const counted =
    <Args extends unknown[], Result>(ask: (...args: Args) => Result) =>
    (...args: Args) => {
      // The process also asks on its own; what counts is what would be asked for this pull.
      if (/\b(?:account|role_binding|auditor|project|manifest|tag)\b/.test(JSON.stringify(args[0]))) asked++
      return ask(...args)
    }
  Object.assign(db, { rows: counted(rows), row: counted(row), run: counted(run) })
  try {
    for (let count = 0; count < 20; count++) await pull()
    assert.equal(asked, 0)
  } finally {
    Object.assign(db, { rows, row, run })
  }
})

async function givenPuller(pattern: string) {
  const [project, person] = [await givenProject(marina), await givenUser(marina)]
  const permissions = [{ resource: 'repository', action: 'pull' }]
  const role = await create(marina, '/roles', marina.admin, { name: fresh('puller'), permissions })
  await create(marina, `/projects/${project.name}/role-bindings`, marina.admin, {
    role_id: role,
    repositories: pattern,
    member_user: { user_id: person.id },
  })
  return { project, person }
}

import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Project } from '../../catalog/project.ts'
import { callApi, create, givenRobot } from '../../testing/api.ts'
import { fresh, givenMember, givenProject, givenUser, pushImage } from '../../testing/given.ts'
import type { Answer, Person } from '../../testing/http.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'
import { grantable, permissionsOf, roles } from './rules.ts'
import { columns, heldBy, type Column, type Need } from './operations.suite.ts'
import { readDocument, type Listed } from './document.suite.ts'
import { openTargets, type Target, type Targets } from './targets.suite.ts'

/** Who asks, and the column of the table that applies to them in project A. */
type Principal = {
  name: string
  as: Person | undefined
  role?: Column
  isAdmin?: true
  isProjectAdmin?: true
  isAuditor?: true
}
/** Project A with members of every role, and project B, of which they are no members. */
type World = { isPublic: boolean; A: Project; B: Project; principals: Principal[]; uaA: Person }

let marina: TestMarina
let listed: Listed[]
let unlisted: string[]
let targets: Targets
const targetOf = (one: Listed, below: Project, inside?: Project) => targets.targetOf(one, below, inside)
const stateOfAll = () => targets.stateOfAll()

before(async () => {
  marina = await openTestMarina({ MARINA_WORKERS: 'none' })
  ;({ listed, unlisted } = await readDocument(marina))
  targets = openTargets(marina)
})
after(() => marina[Symbol.asyncDispose]())

async function givenWorld(isPublic: boolean): Promise<World> {
  const [A, B] = [await givenProject(marina, { isPublic }), await givenProject(marina)]
  const member = async (role: Exclude<Column, 'public'>) => ({
    name: role,
    as: await givenMember(marina, A, role),
    role,
  })
  const uaA = await givenMember(marina, A, 'projectAdmin')
  const auditor = await givenUser(marina, fresh('auditor'))
  await create(marina, '/system/auditors', marina.admin, { member_user: { user_id: auditor.id } })
  const principals: Principal[] = [
    { name: 'anonymous', as: undefined },
    { name: 'plain user', as: await givenUser(marina) },
    ...(await Promise.all((['limitedGuest', 'guest', 'developer', 'maintainer'] as const).map(member))),
    { name: 'projectAdmin', as: uaA, role: 'projectAdmin', isProjectAdmin: true },
    { name: 'projectAdmin of B', as: await givenMember(marina, B, 'projectAdmin'), isProjectAdmin: true },
    { name: 'auditor', as: auditor, isAuditor: true },
    { name: 'system administrator', as: await givenUser(marina, fresh('sys'), true), isAdmin: true },
  ]
  return { isPublic, A, B, principals, uaA }
}

function isAllowed(one: Listed, who: Principal, isPublic: boolean): boolean {
  const need = one.operation.needs
  const { as, role, isAdmin, isProjectAdmin, isAuditor } = who
  if (need === 'anyone' || isAdmin) return true
  if (need === 'user') return as !== undefined
  if (isAuditor && isReading(need, one)) return true
  if (need === 'admin' || (typeof need === 'object' && 'system' in need)) return false
  if (need === 'any project administrator') return isProjectAdmin === true
  const applying: Column[] = [...(role ? [role] : []), ...(isPublic ? (['public'] as const) : [])]
  const holds = (right: string) => applying.some((column) => heldBy[column].has(right))
  return need.project.every(holds) || (need.or !== undefined && holds(need.or))
}

/** What an auditor may do: whatever reads. */
function isReading(need: Need, one: Listed): boolean {
  const reads = (right: string) => /:(?:read|list)$/.test(right)
  if (need === 'admin') return !isChange(one)
  if (typeof need !== 'object') return false
  return 'system' in need ? reads(need.system) : need.project.every(reads) || (need.or !== undefined && reads(need.or))
}

function assertAllowed(answer: Answer, { operation }: Listed, who: string) {
  const isGood = operation.example
    ? answer.status >= 200 && answer.status < 300
    : (answer.status < 500 || answer.status === 501) && answer.status !== 401 && answer.status !== 403
  assert.ok(isGood, `${who} may do this, and got ${answer.status} ${answer.text.slice(0, 300)}`)
}

const ask = (one: Listed, target: Target, as: Person | undefined): Promise<Answer> => targets.ask(one, target, as)
const isChange = ({ method }: Listed) => !/^(?:GET|HEAD)$/.test(method)

test('every operation of the document has a row in the table', () => assert.deepEqual(unlisted, []))

suite('principal × operation × visibility', () => {
  for (const isPublic of [false, true]) {
    const kind = isPublic ? 'public' : 'private'
    test(`in a ${kind} project everybody may do what the table says, and refused requests change nothing`, async () => {
      const world = await givenWorld(isPublic)
      let [allowed, refused] = [0, 0]
      for (const one of listed) {
        const [may, mayNot] = [
          world.principals.filter((who) => isAllowed(one, who, isPublic)),
          world.principals.filter((who) => !isAllowed(one, who, isPublic)),
        ]
        let target = await targetOf(one, world.A)
        const before = mayNot.length > 0 && isChange(one) ? await stateOfAll() : ''
        for (const { name, as } of mayNot) {
          const answer = await ask(one, target, as)
          assert.equal(
            answer.status,
            as ? 403 : 401,
            `${one.id}: ${name} may not do this, and got ${answer.status} ${answer.text.slice(0, 300)}`,
          )
          refused++
        }
        if (before !== '') assert.equal(await stateOfAll(), before, `${one.id}: refused requests changed something`)
        for (const [index, { name, as, isAdmin }] of may.entries()) {
          const project = one.operation.endsProject ? await givenProject(marina, { isPublic }) : world.A
          if (one.operation.endsProject && !isAdmin)
            await create(marina, `/projects/${project.name}/members`, marina.admin, {
              role_id: roles.projectAdmin,
              member_user: { user_id: as!.id },
            })
          if (index > 0 || one.operation.endsProject) if (isChange(one)) target = await targetOf(one, project)
          assertAllowed(await ask(one, target, as), one, `${one.id}: ${name}`)
          allowed++
        }
      }
      assert.ok(allowed > 50 && refused > 50, `${allowed} allowed and ${refused} refused are too few to mean anything`)
    })
  }
})

suite('each permission of a robot alone', () => {
  const opens = (need: Need | 'nobody', kind: 'project' | 'system', right: string): boolean => {
    if (typeof need !== 'object') return need === 'anyone' || need === 'user'
    // A right to push includes the right to pull (B.2), but neither is an operation of this API.
    return kind === 'project'
      ? 'project' in need && (need.project.every((one) => one === right) || need.or === right)
      : 'system' in need && need.system === right
  }

  for (const kind of ['project', 'system'] as const) {
    test(`of kind ${kind} opens the operations that need it, and no other`, async () => {
      const A = await givenProject(marina)
      const relevant = listed.filter(
        ({ operation: { needs, robots = needs } }) =>
          robots === 'nobody' || (typeof robots === 'object' && kind in robots),
      )
      const targets = new Map<Listed, Target>()
      for (const one of relevant) targets.set(one, await targetOf(one, A))
      // One at a time: all at once, some would wait for a database connection until they are answered with 503.
      const robots: { right: (typeof grantable)[typeof kind][number]; robot: Person }[] = []
      for (const right of grantable[kind]) {
        const granted = kind === 'project' ? { project: A.name, access: [right] } : { access: [right] }
        robots.push({ right, robot: await givenRobot(marina, fresh('single'), granted) })
      }
      const before = await stateOfAll()
      for (const {
        right: { resource, action },
        robot,
      } of robots) {
        for (const one of relevant) {
          const { needs, robots: need = needs } = one.operation
          if (opens(need, kind, `${resource}:${action}`)) continue
          const answer = await ask(one, targets.get(one)!, robot)
          assert.equal(
            answer.status,
            403,
            `${one.id} with ${resource}:${action} alone: ${answer.status} ${answer.text.slice(0, 300)}`,
          )
        }
      }
      assert.equal(await stateOfAll(), before, 'refused requests changed something')
      let opened = 0
      for (const { right, robot } of robots) {
        for (const one of relevant) {
          const { needs, robots: need = needs, endsProject } = one.operation
          if (!opens(need, kind, `${right.resource}:${right.action}`)) continue
          const project = endsProject ? await givenProject(marina) : A
          const as = endsProject
            ? await givenRobot(marina, fresh('single'), { project: project.name, access: [right] })
            : robot
          assertAllowed(
            await ask(one, await targetOf(one, project), as),
            one,
            `${one.id} with ${right.resource}:${right.action} alone`,
          )
          opened++
        }
      }
      assert.ok(opened >= 9, `only ${opened} operations opened`)
    })
  }

  test('a robot of a project has no right on the system, nor in another project', async () => {
    const [A, B] = [await givenProject(marina), await givenProject(marina)]
    const robot = await givenRobot(marina, 'all', { project: A.name, access: grantable.project })
    for (const one of listed) {
      const { needs, robots: need = needs } = one.operation
      if (typeof need !== 'object') continue
      const target = await targetOf(one, B)
      const before = isChange(one) ? await stateOfAll() : ''
      const answer = await ask(one, target, robot)
      assert.equal(answer.status, 403, `${one.id}: ${answer.status} ${answer.text.slice(0, 300)}`)
      if (before !== '') assert.equal(await stateOfAll(), before, one.id)
    }
  })
})

suite('ids of another project', () => {
  const child = /\{(?:mid|robot_id|label_id|immutable_rule_id|repository_name|role_id|binding_id|tag_protection_id)\}/

  // By the path, administrators of that project and of the system ask; by the id alone, the project's administrator.
  test('an administrator gets 404 by the path of a project, 403 by the id alone, and changes nothing', async () => {
    const { A, B, uaA } = await givenWorld(false)
    let count = 0
    for (const one of listed.filter(({ path, id }) => child.test(path) && id !== 'CopyArtifact')) {
      const isBelow = one.path.startsWith('/projects/')
      const target = await targetOf(one, A, B)
      const before = await stateOfAll()
      for (const as of isBelow ? [uaA, marina.admin] : [uaA]) {
        const answer = await ask(one, target, as)
        assert.equal(
          answer.status,
          isBelow ? 404 : 403,
          `${one.id} by ${as.name}: ${answer.status} ${answer.text.slice(0, 300)}`,
        )
        count++
      }
      assert.equal(await stateOfAll(), before, `${one.id} changed something`)
    }
    assert.ok(count >= 10)
  })

  test('C-71: a project that does not exist and one that may not be seen look the same', async () => {
    const { A, principals } = await givenWorld(false)
    const strangers = principals.filter(({ name }) => ['anonymous', 'plain user', 'projectAdmin of B'].includes(name))
    for (const one of listed.filter(({ path }) => path.startsWith('/projects/{'))) {
      const target = await targetOf(one, A)
      for (const { as, name } of strangers) {
        const [hidden, absent] = [
          await ask(one, target, as),
          await ask(one, { ...target, url: target.url.replace(`/projects/${A.name}`, '/projects/not-there') }, as),
        ]
        assert.deepEqual([absent.status, absent.text], [hidden.status, hidden.text], `${one.id} by ${name}`)
      }
    }
  })
})

suite('the tables themselves', () => {
  test('roles and public hold exactly what Harbor gives them', () => {
    for (const column of columns) {
      const ours = permissionsOf(column === 'public' ? 'public' : roles[column]).map(
        ({ resource, action }) => `${resource}:${action}`,
      )
      assert.deepEqual(ours.sort(), [...heldBy[column]].sort(), column)
    }
    assert.deepEqual(
      columns.map((column) => heldBy[column].size),
      [75, 53, 36, 20, 14, 12],
    )
  })

  // public ⊆ each role too, but that a limited guest does not see labels.
  test('limitedGuest ⊆ guest ⊆ developer ⊆ maintainer ⊆ projectAdmin', () => {
    const rights = (role: (typeof roles)[keyof typeof roles] | 'public') =>
      new Set(permissionsOf(role).map(({ resource, action }) => `${resource}:${action}`))
    const missing = (lower: Set<string>, higher: Set<string>) => [...lower].filter((right) => !higher.has(right))
    const ladder = [roles.limitedGuest, roles.guest, roles.developer, roles.maintainer, roles.projectAdmin].map(rights)
    ladder.slice(1).forEach((higher, index) => assert.deepEqual(missing(ladder[index]!, higher), []))
    assert.deepEqual(missing(rights('public'), ladder[0]!).sort(), ['label:list', 'label:read'])
    for (const higher of ladder.slice(1)) assert.deepEqual(missing(rights('public'), higher), [])
  })
})

// Last, as pulls are counted a while after they happened, and the tests above compare all rows of all tables.
suite('the two doors', () => {
  test('G02: a right to pull opens no list of the API, and a right to read artifacts opens no pull', async () => {
    const A = await givenProject(marina)
    await pushImage(marina, `${A.name}/x`, { tag: 'v1' })
    const [puller, reader] = [
      await givenRobot(marina, 'puller', { project: A.name, access: [{ resource: 'repository', action: 'pull' }] }),
      await givenRobot(marina, 'reader', { project: A.name, access: [{ resource: 'artifact', action: 'read' }] }),
    ]
    assert.equal((await callApi(marina, 'GET', `/projects/${A.name}/members`, { as: puller })).status, 403)
    assert.equal((await marina.ask('GET', `/v2/${A.name}/x/manifests/v1`, { as: puller })).status, 200)
    assert.equal((await marina.ask('GET', `/v2/${A.name}/x/manifests/v1`, { as: reader })).status, 401)
  })
})

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { create } from '../../testing/api.ts'
import { groups, people, person } from '../../testing/directory.ts'
import { fresh, givenProject } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openLdapScene } from './scene.suite.ts'

const scene = await openLdapScene({ MARINA_IDENTITY_REFRESH: '0s', MARINA_IDENTITY_PAUSE: '0s' })
const dnOf = (uid: string) => `uid=${uid},${people}`
const group = (cn: string) => `cn=${cn},${groups}`
const admins = fresh('admins')

await scene.directory.add(dnOf('carol'), person('carol', { cn: 'Carol Clark' }))
await scene.directory.add(group(admins), { objectClass: 'groupOfNames', member: dnOf('carol') })
await scene.set({ ldap_group_admin_dn: `CN=${admins}, ${groups.toUpperCase()}` })

/** Somebody new in the directory. */
async function given(more = {}) {
  const uid = fresh('alice')
  await scene.directory.add(dnOf(uid), person(uid, { mail: `${uid}@example.com`, ...more }))
  return { uid, dn: dnOf(uid), as: scene.of(uid) }
}

/** A group of the directory with this member; it makes its members guests of a new project. */
async function givenGroup(member: string) {
  const [cn, project] = [fresh('devs'), await givenProject(scene.marina)]
  await scene.directory.add(group(cn), { objectClass: 'groupOfNames', member: [...new Set([member, dnOf('carol')])] })
  const made = { group_name: cn, group_type: 1, ldap_group_dn: group(cn) }
  const id = await create(scene.marina, '/usergroups', scene.marina.admin, made)
  const wanted = { role_id: 3, member_group: { id } }
  const path = `/projects/${project.name}/members`
  expectAnswer(await scene.api('POST', path, { as: scene.marina.admin, body: wanted }), 201)
  return { cn, dn: group(cn), project, id }
}

const profileOf = async (as: ReturnType<typeof scene.of>) =>
  expectAnswer(await scene.api('GET', '/users/current', { as }), 200).json() as Record<string, unknown>

suite('logins', () => {
  test('by the API, in a session and at the token service make the account as Harbor does', async () => {
    const { uid, as } = await given()
    const { user_id: id, creation_time: _, update_time: __, ...profile } = await profileOf(as)
    assert.deepEqual(profile, {
      username: uid,
      email: `${uid}@example.com`,
      realname: `${uid} Person`,
      comment: 'from LDAP.',
      sysadmin_flag: false,
      admin_role_in_auth: false,
    })
    const form = new URLSearchParams({ principal: uid.toUpperCase(), password: as.password }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const session = expectAnswer(await scene.marina.ask('POST', '/c/login', { body: form, headers }), 200)
    const cookie = session.headers['set-cookie']![0]!.split(';')[0]!
    const current = await scene.marina.ask('GET', '/api/v2.0/users/current', { headers: { cookie } })
    assert.equal((expectAnswer(current, 200).json() as { user_id: number }).user_id, id)
    assert.ok(await scene.marina.token(as))
  })

  test('make an administrator of a member of ldap_group_admin_dn, and only as long as that lasts', async () => {
    const { dn, as } = await given()
    const isAdmin = async () => (await scene.api('GET', '/users', { as })).status === 200
    assert.equal(await isAdmin(), false)
    await scene.directory.join(group(admins), dn)
    assert.equal(await isAdmin(), true)
    const { admin_role_in_auth: byDirectory, sysadmin_flag: byMarina } = await profileOf(as)
    assert.deepEqual([byDirectory, byMarina], [true, false])
    await scene.directory.leave(group(admins), dn)
    assert.equal(await isAdmin(), false)
  })

  test('with a wrong password, an empty one, or the name of nobody are refused', async () => {
    const { uid } = await given()
    for (const [name, password] of [
      [uid, 'wrong'],
      [uid, ''],
      [fresh('nobody'), 'wrong'],
      [fresh('nobody'), ''],
      ['*', 'wrong'],
    ] as const)
      expectAnswer(await scene.api('GET', '/users/current', { as: scene.of(name, password) }), 401, 'UNAUTHORIZED')
  })

  test('need the filter to hold, and a name that only one person has', async () => {
    const twice = fresh('twice')
    await scene.directory.add(`cn=a-${twice},${people}`, person(twice))
    await scene.directory.add(`cn=b-${twice},${people}`, person(twice))
    expectAnswer(await scene.api('GET', '/users/current', { as: scene.of(twice) }), 401, 'UNAUTHORIZED')
    const { uid, as } = await given()
    await scene.set({ ldap_filter: `(&(objectClass=inetOrgPerson)(!(uid=${uid})))` })
    expectAnswer(await scene.api('GET', '/users/current', { as }), 401, 'UNAUTHORIZED')
    await scene.set({ ldap_filter: scene.directory.items.ldap_filter })
    await profileOf(as)
  })

  test('of the first administrator never depend on the directory', async () => {
    scene.directory.front.isCut = true
    assert.equal((await profileOf(scene.marina.admin))['username'], 'admin')
    scene.directory.front.isCut = false
  })
})

suite('groups', () => {
  test('give their roles, and take them with the next request', async () => {
    const { dn, as } = await given()
    const { dn: devs, project } = await givenGroup(dn)
    const path = `/projects/${project.name}`
    expectAnswer(await scene.api('GET', path, { as }), 200)
    await scene.directory.leave(devs, dn)
    expectAnswer(await scene.api('GET', path, { as }), 403, 'FORBIDDEN')
    await scene.directory.join(devs, dn)
    expectAnswer(await scene.api('GET', path, { as }), 200)
  })

  test('are known by their DN in whatever spelling, and made when nobody has made them, as in Harbor', async () => {
    const { dn, as } = await given()
    const cn = fresh('spelt')
    await scene.directory.add(group(cn), { objectClass: 'groupOfNames', member: dn })
    const spelt = { group_name: 'spelt', group_type: 1, ldap_group_dn: `CN = ${cn} , ${groups.toUpperCase()}` }
    await create(scene.marina, '/usergroups', scene.marina.admin, spelt)
    const unknown = fresh('unknown')
    await scene.directory.add(group(unknown), { objectClass: 'groupOfNames', member: dn })
    await profileOf(as)
    const list = async (name: string) => {
      const answer = await scene.api('GET', `/usergroups?group_name=${name}`, { as: scene.marina.admin })
      return expectAnswer(answer, 200).json() as { group_name: string; ldap_group_dn: string }[]
    }
    assert.deepEqual(
      (await list('spelt')).map(({ ldap_group_dn: found }) => found.toLowerCase()),
      [group(cn).toLowerCase()],
    )
    assert.equal((await list(cn)).length, 0)
    assert.equal((await list(unknown))[0]?.ldap_group_dn, group(unknown))
  })

  test('within groups give their roles, also in a ring', async () => {
    const { dn, as } = await given()
    const [inner, middle] = [fresh('inner'), fresh('middle')]
    await scene.directory.add(group(inner), { objectClass: 'groupOfNames', member: dn })
    await scene.directory.add(group(middle), { objectClass: 'groupOfNames', member: group(inner) })
    const { project, dn: outer } = await givenGroup(group(middle))
    await scene.directory.join(group(inner), outer)
    expectAnswer(await scene.api('GET', `/projects/${project.name}`, { as }), 200)
  })

  test('that posixGroup and groupOfUniqueNames list count, too', async () => {
    const { dn, uid, as } = await given()
    const [posix, unique] = [fresh('posix'), fresh('unique')]
    await scene.directory.add(group(posix), { objectClass: 'posixGroup', gidNumber: '7', memberUid: uid })
    await scene.directory.add(group(unique), { objectClass: 'groupOfUniqueNames', uniqueMember: dn })
    await scene.set({ ldap_group_search_filter: '' })
    await profileOf(as)
    await scene.set({ ldap_group_search_filter: scene.directory.items.ldap_group_search_filter })
    const found = await scene.api('GET', '/usergroups?page_size=100', { as: scene.marina.admin })
    const names = (found.json() as { group_name: string }[]).map(({ group_name: name }) => name)
    assert.ok(names.includes(posix) && names.includes(unique), names.join(' '))
  })

  test('can be made only when the directory has them', async () => {
    for (const dn of [`cn=nope,${groups}`, 'nope', '', people]) {
      const body = { group_name: fresh('nope'), group_type: 1, ldap_group_dn: dn }
      const answer = expectAnswer(
        await scene.api('POST', '/usergroups', { as: scene.marina.admin, body }),
        400,
        'BAD_REQUEST',
      )
      assert.match(answer.text, /LDAP Group DN is not found: DN:/)
    }
  })
})

suite('members of a project', () => {
  test('are taken over from the directory when they are named, as in Harbor', async () => {
    const project = await givenProject(scene.marina)
    const { uid, dn, as } = await given()
    const cn = fresh('brought')
    await scene.directory.add(group(cn), { objectClass: 'groupOfNames', member: dn })
    const add = (body: object) =>
      scene.api('POST', `/projects/${project.name}/members`, { as: scene.marina.admin, body })
    expectAnswer(await add({ role_id: 2, member_user: { username: uid } }), 201)
    expectAnswer(await add({ role_id: 3, member_group: { group_type: 1, ldap_group_dn: group(cn) } }), 201)
    expectAnswer(await add({ role_id: 3, member_group: { group_type: 1, ldap_group_dn: group(cn) } }), 409, 'CONFLICT')
    expectAnswer(await add({ role_id: 2, member_user: { username: 'nosuch' } }), 404, 'NOT_FOUND')
    expectAnswer(await add({ role_id: 2, member_group: { ldap_group_dn: group('nosuch') } }), 404, 'NOT_FOUND')
    expectAnswer(await scene.api('GET', `/projects/${project.name}`, { as }), 200)
  })
})

suite('somebody who is gone', () => {
  test('is out with the next request of a token and of a session, and back when they return', async () => {
    const { uid, dn, as } = await given()
    const made = expectAnswer(await scene.api('POST', '/users/current/tokens', { as, body: { name: 'ci' } }), 201)
    const token = scene.of(uid, (made.json() as { secret: string }).secret)
    const form = new URLSearchParams({ principal: uid, password: as.password }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const session = expectAnswer(await scene.marina.ask('POST', '/c/login', { body: form, headers }), 200)
    const cookie = session.headers['set-cookie']![0]!.split(';')[0]!
    const bearer = await scene.marina.token(as)
    const asks = () =>
      Promise.all([
        scene.api('GET', '/users/current', { as: token }),
        scene.marina.ask('GET', '/api/v2.0/users/current', { headers: { cookie } }),
        scene.marina.ask('GET', '/v2/', { token: bearer }),
      ])
    for (const answer of await asks()) expectAnswer(answer, 200)
    await scene.directory.remove(dn)
    for (const answer of await asks()) expectAnswer(answer, 401, 'UNAUTHORIZED')
    await scene.directory.add(dn, person(uid))
    expectAnswer(await scene.api('GET', '/users/current', { as: token }), 401, 'UNAUTHORIZED')
    await profileOf(as)
    const [byToken, bySession] = await asks()
    expectAnswer(byToken, 200)
    expectAnswer(bySession, 401, 'UNAUTHORIZED')
  })

  test('who moved to another place in the directory stays who they are', async () => {
    const { uid, dn, as } = await given()
    const { user_id: id } = await profileOf(as)
    const made = expectAnswer(await scene.api('POST', '/users/current/tokens', { as, body: { name: 'ci' } }), 201)
    const elsewhere = `ou=${fresh('moved')},${people}`
    await scene.directory.add(elsewhere, { objectClass: 'organizationalUnit' })
    await scene.directory.rename(dn, `uid=${uid},${elsewhere}`)
    const token = scene.of(uid, (made.json() as { secret: string }).secret)
    assert.equal((await profileOf(token))['user_id'], id)
    assert.equal((await profileOf(as))['user_id'], id)
  })
})

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { sql } from '../../../platform/db/sql.ts'
import { callApi } from '../../../testing/api.ts'
import { fresh, givenProject, givenUser } from '../../../testing/given.ts'
import { expectAnswer } from '../../../testing/http.ts'
import { roles } from '../../access/index.ts'
import { findGroupByName, groupTypes } from '../../user-groups/index.ts'
import { updateAccount } from '../index.ts'
import { findAccountById } from '../store.ts'
import { marina, openElsewhere, openWith, personOf, userOf } from './scene.suite.ts'

type Shown = Record<string, unknown> & { oidc_user_meta: { subiss: string } }

suite('a login at a provider', () => {
  test('makes an account without a password, with all else as the provider has it', async () => {
    const { people, provider } = openElsewhere()
    const { logIn, rightsOf } = openWith(provider)
    const [name, group] = [fresh('ann'), fresh('ops')]
    people.set(name, personOf(name, { groups: [{ name: group }], isAdmin: true }))
    const caller = userOf(await logIn(name))
    const account = await findAccountById(marina.ground.db, caller.id)
    assert.deepEqual([account?.name, account?.passwordHash, account?.isAdmin], [name, null, false])
    const shown = expectAnswer(await callApi(marina, 'GET', `/users/${caller.id}`, { as: marina.admin }), 200)
    const { creation_time: _, update_time: __, oidc_user_meta: meta, ...profile } = shown.json() as Shown
    assert.equal(meta.subiss, `sub of ${name}https://id.example`)
    assert.deepEqual(profile, {
      user_id: caller.id,
      username: name,
      email: `${name}@example.com`,
      realname: `${name} of elsewhere`,
      comment: 'from elsewhere',
      sysadmin_flag: false,
      admin_role_in_auth: true,
    })
    const rights = await rightsOf(caller)
    assert.ok(rights?.kind === 'user' && rights.isAdmin)

    people.set(name, personOf(name, { realName: 'Ann', isAdmin: false }))
    assert.deepEqual(await logIn(name), caller)
    const later = await rightsOf(caller)
    assert.ok(later?.kind === 'user' && !later.isAdmin)
  })

  test('gives the roles of its groups, and takes those of groups that are gone, with the next request', async () => {
    const { people, provider } = openElsewhere()
    const { logIn, rightsOf } = openWith(provider)
    const project = await givenProject(marina)
    const [name, group] = [fresh('ben'), fresh('builders')]
    people.set(name, personOf(name, { groups: [{ name: group }, { name: group }, { name: '' }] }))
    const caller = userOf(await logIn(name))
    const known = await findGroupByName(marina.ground.db, groupTypes.oidc, group)
    const path = `/projects/${project.name}/members`
    const body = { role_id: roles.developer, member_group: { id: known!.id } }
    expectAnswer(await callApi(marina, 'POST', path, { as: marina.admin, body }), 201)
    const rolesNow = async () => {
      const rights = await rightsOf(caller)
      return rights?.kind === 'user' ? (rights.roles.get(project.id) ?? []) : undefined
    }
    assert.deepEqual(await rolesNow(), [roles.developer])
    people.set(name, personOf(name))
    await logIn(name)
    assert.deepEqual(await rolesNow(), [])
  })

  test('with a wrong password, an empty one or a name that is not there opens nothing and makes nothing', async () => {
    const { people, provider, state } = openElsewhere()
    const { logIn } = openWith(provider)
    const name = fresh('cleo')
    people.set(name, personOf(name))
    for (const wrong of ['wrong', 'of ']) assert.equal(await logIn(name, wrong), undefined)
    const { asked } = state
    assert.equal(await logIn(name, ''), undefined)
    assert.equal(state.asked, asked, 'an empty password is not even sent')
    assert.equal(await logIn(fresh('nobody')), undefined)
    assert.equal(await marina.ground.db.row(sql`select 1 from account where name = ${name}`), undefined)
  })

  test('never takes over an account that the provider does not vouch for, and says so', async () => {
    const { people, provider } = openElsewhere()
    const { logIn } = openWith(provider)
    const local = await givenUser(marina)
    people.set(local.name, personOf(local.name))
    await assert.rejects(logIn(local.name), /another account is called/)
    assert.equal(await logIn(local.name, local.password), undefined, 'its own password is that of another mode')
    const name = fresh('dora')
    people.set(name, personOf(name))
    userOf(await logIn(name))
    people.set(name, personOf(name, { subject: 'somebody else of that name' }))
    await assert.rejects(logIn(name), /another account is called/)
  })

  test('follows the name to another subject where the provider knows people by their names', async () => {
    const { people, provider } = openElsewhere({ followsName: true })
    const { logIn } = openWith(provider)
    const name = fresh('emil')
    people.set(name, personOf(name, { subject: `uid=${name},ou=a` }))
    const caller = await logIn(name)
    people.set(name, personOf(name, { subject: `uid=${name},ou=b` }))
    assert.deepEqual(await logIn(name), caller)
  })

  test('of a disabled account is refused and leaves it disabled (X09)', async () => {
    const { people, provider } = openElsewhere()
    const { logIn } = openWith(provider)
    const name = fresh('fay')
    people.set(name, personOf(name))
    const { id } = userOf(await logIn(name))
    const { db } = marina.ground
    await updateAccount(db, (await findAccountById(db, id))!, { isDisabled: true })
    assert.equal(await logIn(name), undefined)
    assert.equal((await findAccountById(db, id))?.isDisabled, true)
  })

  test('keeps what the name may be: commas become underscores, robots and colons are refused', async () => {
    const { people, provider } = openElsewhere()
    const { logIn } = openWith(provider)
    const name = `${fresh('gus')},jr`
    people.set(name, personOf(name))
    assert.equal(userOf(await logIn(name)).name, name.replace(',', '_'))
    for (const odd of [`robot$${fresh('x')}`, `${fresh('a')}:b`, `${fresh('a')}\u202eb`, 'x'.repeat(256)]) {
      people.set(odd, personOf(odd))
      await assert.rejects(logIn(odd), /name cannot be used/)
    }
  })

  test('whose e-mail is another account leaves that out; an e-mail without its form, too', async () => {
    const { people, provider } = openElsewhere()
    const { logIn } = openWith(provider)
    const [first, second] = [fresh('hal'), fresh('ida')]
    people.set(first, personOf(first))
    await logIn(first)
    people.set(second, personOf(second, { email: `${first}@EXAMPLE.com` }))
    const { id } = userOf(await logIn(second))
    const emailOf = async () =>
      (await marina.ground.db.row<{ email: string | null }>(sql`select email from account where id = ${id}`))?.email
    assert.equal(await emailOf(), null)
    people.set(second, personOf(second, { email: 'no address' }))
    await logIn(second)
    assert.equal(await emailOf(), null)
  })

  test('many first logins at once make one account and one group', async () => {
    const { people, provider } = openElsewhere()
    const { logIn } = openWith(provider)
    const name = fresh('jo')
    people.set(name, personOf(name, { groups: [{ name: fresh('new') }] }))
    const callers = await Promise.all(Array.from({ length: 8 }, () => logIn(name)))
    assert.equal(new Set(callers.map((caller) => userOf(caller).id)).size, 1)
  })

  test('is refused as unavailable when the provider hangs or fails; the first administrator gets in', async () => {
    const { provider, state } = openElsewhere()
    const { logIn, outside } = openWith(provider, { answerMs: 50 })
    for (const does of ['hang', 'fail'] as const) {
      state.does = does
      await assert.rejects(logIn(fresh('kim')), { code: 'UNAVAILABLE' })
      await assert.rejects(Promise.resolve(outside.component.check()), /does not check passwords/)
      assert.deepEqual(await logIn('admin', marina.admin.password), { kind: 'user', id: 1, name: 'admin' })
    }
    state.does = 'answer'
    assert.equal(await logIn(fresh('kim'), 'wrong'), undefined)
    await outside.component.check()
  })
})

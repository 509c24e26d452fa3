import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { openCache } from '../../../platform/cache/cache.ts'
import { sql } from '../../../platform/db/sql.ts'
import { openLog } from '../../../platform/observe/log.ts'
import { openPart } from '../../../platform/observe/part.ts'
import type { Caller } from '../../../registry/caller.ts'
import { callApi, factsSince, lastFact } from '../../../testing/api.ts'
import { fresh, givenProject, givenUser } from '../../../testing/given.ts'
import { expectAnswer } from '../../../testing/http.ts'
import { openBeside, openTestMarina, type TestMarina } from '../../../testing/server.ts'
import { accountRightsKey, findRights, roles } from '../../access/index.ts'
import { openSettings } from '../../settings/index.ts'
import { findGroupByName, groupTypes } from '../../user-groups/index.ts'
import { openLogin, openOutside, updateAccount, type OutsideProvider, type Vouched } from '../index.ts'
import { findAccountById } from '../store.ts'
import { hashOfSecret, makeTokenSecret } from '../tokens/secret.ts'
import { saveToken } from '../tokens/store.ts'
import { sweepTokensOfGone } from './gone.ts'

let marina: TestMarina
before(async () => {
  marina = await openTestMarina()
})
after(() => marina[Symbol.asyncDispose]())

const usual = { refreshMs: 60_000, graceMs: 3600_000, answerMs: 5000, pauseMs: 0 }
const issuer = 'https://id.example'

/** A system that vouches for the people in `people`, as it is told to: at once, never, or not at all. */
function openElsewhere(more: Partial<OutsideProvider> = {}) {
  const people = new Map<string, Vouched>()
  const state = { people, asked: 0, does: 'answer' as 'answer' | 'hang' | 'fail' }
  const answer = async <Said>(said: () => Said): Promise<Said> => {
    state.asked++
    if (state.does === 'hang') return new Promise<never>(() => {})
    if (state.does === 'fail') throw new Error('out of order')
    return said()
  }
  const provider: OutsideProvider = {
    name: 'oidc',
    title: 'the provider',
    comment: 'from elsewhere',
    groupType: groupTypes.oidc,
    followsName: false,
    logIn: (name, password) => answer(() => (password === `of ${name}` ? people.get(name) : undefined)),
    refresh: ({ name }) => answer(() => people.get(name) ?? 'gone'),
    ...more,
  }
  return { ...state, state, provider }
}

const personOf = (username: string, more: Partial<Vouched> = {}): Vouched => ({
  issuer,
  subject: `sub of ${username}`,
  username,
  email: `${username.replace(/\W/g, '')}@example.com`,
  realName: `${username} of elsewhere`,
  groups: [],
  isAdmin: false,
  ...more,
})

/** An installation on this database that has one provider, in the mode that this provider has. */
function openWith(provider: OutsideProvider, limits: Partial<typeof usual> = {}) {
  const { db, cache, secrets } = marina.ground
  // With a cache of its own: the test's Marina keeps its settings under the same key.
  const overwrite = JSON.stringify({ auth_mode: 'oidc_auth' })
  const settings = openSettings({ db, cache: openCache({ limit: 0 }), secrets, overwrite })
  const part = openPart('identity', openLog({ level: 'silent', format: 'json' }))
  const outside = openOutside({
    db,
    cache,
    secrets,
    settings,
    providers: [provider],
    limits: { ...usual, ...limits },
    part,
  })
  const reader = { db, cache, relaxed: db.relaxed, confirm: outside.confirm }
  const login = openLogin(reader, [], { namesPerAddress: 0, people: outside.people, onChecked: outside.noteLogin })
  return {
    outside,
    logIn: (name: string, password = `of ${name}`) => login(name, password, '192.0.2.1'),
    rightsOf: async (caller: Caller) => findRights(reader, caller),
  }
}

const userOf = (caller: Caller | undefined) => {
  assert.ok(caller?.kind === 'user')
  return caller
}

/** Makes the last word of the provider on an account older. */
async function age(accountId: number, seconds: number): Promise<void> {
  await marina.ground.db.transaction(async (tx) => {
    tx.changes(accountRightsKey(accountId))
    await tx.run(sql`
      update account_origin set confirmed_at = confirmed_at - make_interval(secs => ${seconds})
      where account_id = ${accountId}`)
  })
}

async function tokenOf(accountId: number): Promise<{ id: number; secret: string }> {
  const secret = makeTokenSecret()
  const wanted = { accountId, name: fresh('token'), hash: hashOfSecret(secret), scope: null, days: 1 }
  const { id } = (await marina.ground.db.transaction((tx) => saveToken(tx, wanted, 10)))!
  return { id, secret }
}

suite('a login at a provider', () => {
  test('makes an account without a password, with profile, groups and administrator as the provider has them', async () => {
    const { people, provider } = openElsewhere()
    const { logIn, rightsOf } = openWith(provider)
    const [name, group] = [fresh('ann'), fresh('ops')]
    people.set(name, personOf(name, { groups: [{ name: group }], isAdmin: true }))
    const caller = userOf(await logIn(name))
    const account = await findAccountById(marina.ground.db, caller.id)
    assert.deepEqual([account?.name, account?.passwordHash, account?.isAdmin], [name, null, false])
    const shown = expectAnswer(await callApi(marina, 'GET', `/users/${caller.id}`, { as: marina.admin }), 200)
    const { creation_time: _, update_time: __, ...profile } = shown.json() as Record<string, unknown>
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

suite('an account from outside', () => {
  const given = async (limits: Partial<typeof usual> = {}) => {
    const elsewhere = openElsewhere()
    const opened = openWith(elsewhere.provider, limits)
    const name = fresh('lea')
    elsewhere.people.set(name, personOf(name, { groups: [{ name: fresh('group') }], isAdmin: true }))
    const caller = userOf(await opened.logIn(name))
    const token = await tokenOf(caller.id)
    return { ...elsewhere, ...opened, name, caller, token }
  }

  test('is asked about at most once in the time that is set, whoever asks at once', async () => {
    const { state, rightsOf, caller } = await given()
    const before = state.asked
    await rightsOf(caller)
    assert.equal(state.asked, before)
    await age(caller.id, 61)
    const all = await Promise.all(Array.from({ length: 5 }, () => rightsOf(caller)))
    assert.equal(state.asked, before + 1)
    assert.ok(all.every((rights) => rights?.kind === 'user' && !rights.isDisabled))
    await rightsOf(caller)
    assert.equal(state.asked, before + 1)
  })

  test('that is gone loses sessions, groups and administrator at once, its tokens stop, and all of it is audited', async () => {
    const { people, rightsOf, caller, token, name, logIn, outside } = await given()
    const other = await openBeside(marina)
    try {
      const saved = sql`insert into session (id_hash, account_id) values (${fresh('hash')}, ${caller.id})`
      await marina.ground.db.run(saved)
      const since = await lastFact(marina)
      assert.equal(userOf(await logIn(name, token.secret)).token, token.id)
      people.delete(name)
      await age(caller.id, 61)
      const rights = await rightsOf(caller)
      assert.ok(rights?.kind === 'user' && rights.isDisabled && !rights.isAdmin && rights.roles.size === 0)
      assert.equal(await logIn(name, token.secret), undefined)
      const basic = { kind: 'user' as const, id: caller.id, name, password: token.secret }
      expectAnswer(await callApi(other, 'GET', '/users/current', { as: basic }), 401, 'UNAUTHORIZED')
      const sessions = await marina.ground.db.rows(sql`select 1 from session where account_id = ${caller.id}`)
      assert.equal(sessions.length, 0)
      assert.deepEqual(
        (await factsSince(marina, since)).map(({ topic }) => topic),
        ['account.gone'],
      )
      assert.equal(await outside.ask(caller.id), 'gone')
    } finally {
      await other[Symbol.asyncDispose]()
    }
  })

  test('that comes back has its tokens again, until they are swept', async () => {
    const { people, caller, token, name, logIn, outside } = await given()
    const person = people.get(name)!
    people.delete(name)
    assert.equal(await outside.ask(caller.id), 'gone')
    people.set(name, person)
    assert.equal(await logIn(name, token.secret), undefined)
    assert.deepEqual(await logIn(name), caller)
    assert.equal(userOf(await logIn(name, token.secret)).token, token.id)
    people.delete(name)
    await outside.ask(caller.id)
    await sweepTokensOfGone(marina.ground.db, 3600_000)
    await logInAgain()
    people.delete(name)
    await outside.ask(caller.id)
    await sweepTokensOfGone(marina.ground.db, 0)
    people.set(name, person)
    await logIn(name)
    assert.equal(await logIn(name, token.secret), undefined)

    async function logInAgain() {
      people.set(name, person)
      await logIn(name)
      assert.equal(userOf(await logIn(name, token.secret)).token, token.id)
    }
  })

  test('keeps its rights while its provider does not answer, for a bounded time; health says so', async () => {
    const { state, rightsOf, caller, outside } = await given({ answerMs: 50, graceMs: 600_000 })
    await age(caller.id, 61)
    for (const does of ['hang', 'fail'] as const) {
      state.does = does
      const rights = await rightsOf(caller)
      assert.ok(rights?.kind === 'user' && !rights.isDisabled && rights.isAdmin)
      await assert.rejects(Promise.resolve(outside.component.check()), /oidc does not answer/)
    }
    await age(caller.id, 600)
    const late = await rightsOf(caller)
    assert.ok(late?.kind === 'user' && late.isDisabled)
    state.does = 'answer'
    const again = await rightsOf(caller)
    assert.ok(again?.kind === 'user' && !again.isDisabled)
    await outside.component.check()
  })

  test('of a provider that failed is not asked about again before the pause is over', async () => {
    const { state, rightsOf, caller } = await given({ answerMs: 50, pauseMs: 3600_000 })
    await age(caller.id, 61)
    state.does = 'fail'
    await rightsOf(caller)
    const { asked } = state
    await rightsOf(caller)
    assert.equal(state.asked, asked)
  })
})

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { sql } from '../../../platform/db/sql.ts'
import { callApi, factsSince, lastFact } from '../../../testing/api.ts'
import { fresh } from '../../../testing/given.ts'
import { expectAnswer } from '../../../testing/http.ts'
import { openBeside } from '../../../testing/server.ts'
import { sweepTokensOfGone } from './gone.ts'
import { age, marina, openElsewhere, openWith, personOf, tokenOf, userOf, usual } from './scene.suite.ts'

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

  test('that is gone loses all it may do at once and everywhere, which is audited', async () => {
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
        (await factsSince(marina, since)).map(({ topic }) => topic).filter((topic) => topic.startsWith('account.')),
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

import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Caller } from '../../../registry/caller.ts'
import { callApi, givenRobot } from '../../../testing/api.ts'
import { openCache } from '../../../platform/cache/cache.ts'
import { openLog } from '../../../platform/observe/log.ts'
import { openPart } from '../../../platform/observe/part.ts'
import { openOutbound } from '../../../platform/outbound/outbound.ts'
import { openTestDirectory, passwordOf, people, person, type TestDirectory } from '../../../testing/directory.ts'
import { fresh, givenProject, givenUser } from '../../../testing/given.ts'
import { expectAnswer } from '../../../testing/http.ts'
import { openTestMarina, type TestMarina } from '../../../testing/server.ts'
import { robotLogin } from '../../robots/index.ts'
import { directoryOf, ldapProvider } from '../../ldap/index.ts'
import { openSettings } from '../../settings/index.ts'
import { findAccount, hashPassword, openLogin, openOutside, updateAccount, type Provider } from '../index.ts'
import { localProvider } from './local.ts'
import type { Claim } from './provider.ts'
import { checkProvider } from './providers.suite.ts'

let marina: TestMarina
let directory: TestDirectory
before(async () => {
  marina = await openTestMarina()
  directory = await openTestDirectory()
})
after(() => Promise.all([marina[Symbol.asyncDispose](), directory[Symbol.asyncDispose]()]))

suite('accounts of this installation', () => {
  checkProvider(async () => {
    const { id, name, password } = await givenUser(marina)
    const { db } = marina.ground
    const account = (await findAccount(marina.ground, name))!
    return {
      provider: localProvider(marina.ground),
      caller: { kind: 'user', id, name },
      password,
      async changePassword() {
        await updateAccount(db, account, { passwordHash: await hashPassword('Another12345') })
        return 'Another12345'
      },
      switchOff: () => updateAccount(db, account, { isDisabled: true }),
    }
  })
})

suite('robots', () => {
  checkProvider(async () => {
    const project = await givenProject(marina)
    const rights = { project: project.name, access: [{ resource: 'repository', action: 'pull' }] }
    const { id, name, password } = await givenRobot(marina, fresh('robot'), rights)
    const uses = { note() {}, async flush() {}, async [Symbol.asyncDispose]() {} }
    const ask = (method: string, body: object) => callApi(marina, method, `/robots/${id}`, { as: marina.admin, body })
    return {
      provider: robotLogin(marina.ground, uses, async () => 'robot$'),
      caller: { kind: 'robot', id, name },
      password,
      async changePassword() {
        return (expectAnswer(await ask('PATCH', {}), 200).json() as { secret: string }).secret
      },
      async switchOff() {
        expectAnswer(await ask('PUT', { disable: true }), 200)
      },
    }
  })
})

suite('people of a directory', () => {
  checkProvider(async () => {
    const { ground, config } = marina
    const { db, cache, secrets } = ground
    const overwrite = JSON.stringify({ auth_mode: 'ldap_auth', ...directory.items })
    const settings = openSettings({ db, cache: openCache({ limit: 0 }), secrets, overwrite })
    const asked = directoryOf(config, openOutbound({ allow: ['127.0.0.1'] }))
    const outside = openOutside({
      db,
      cache,
      secrets,
      settings,
      providers: [ldapProvider(asked, settings)],
      limits: config.identity,
      part: openPart('identity', openLog({ level: 'silent', format: 'json' })),
    })
    const uid = fresh('user')
    const dn = `uid=${uid},${people}`
    await directory.add(dn, person(uid))
    const { claim } = await outside.people(uid)
    const caller = await claim.check(passwordOf(uid), new AbortController().signal)
    if (caller?.kind !== 'user') throw new Error(`${uid} cannot log in`)
    return {
      provider: { name: 'ldap', claim: async (name) => (await outside.people(name)).claim },
      caller,
      password: passwordOf(uid),
      async changePassword() {
        await directory.remove(dn)
        await directory.add(dn, person(uid, { userPassword: 'Another12345' }))
        return 'Another12345'
      },
      switchOff: async () => updateAccount(db, (await findAccount(ground, uid))!, { isDisabled: true }),
    }
  })
})

suite('a provider that asks another server', () => {
  const caller: Caller = { kind: 'user', id: 9, name: 'carl' }
  const loginWith = (check: Claim['check'], checkMs?: number) => {
    const claim: Provider['claim'] = async (name) =>
      name.startsWith('elsewhere-') ? { version: undefined, check } : undefined
    const elsewhere: Provider = { name: 'elsewhere', claim }
    const { db, cache } = marina.ground
    const limits = { namesPerAddress: 50, ...(checkMs === undefined ? {} : { checkMs }) }
    return openLogin({ db, cache, relaxed: db.relaxed }, [elsewhere], limits)
  }

  test('checks only names that it claims, and each login of a claim without a version', async () => {
    let asked = 0
    const login = loginWith(async (password) => (asked++, password === 'right' ? caller : undefined))
    assert.deepEqual(await login('elsewhere-carl', 'right', '10.0.0.1'), caller)
    assert.deepEqual(await login('elsewhere-carl', 'right', '10.0.0.1'), caller)
    assert.equal(await login('elsewhere-carl', 'wrong', '10.0.0.1'), undefined)
    assert.equal(asked, 3)
    const { id, name, password } = await givenUser(marina)
    assert.deepEqual(await login(name, password, '10.0.0.1'), { kind: 'user', id, name })
    assert.equal(asked, 3)
  })

  test('a check that takes longer than its time limit fails the login with UNAVAILABLE', async () => {
    const signals: AbortSignal[] = []
    const login = loginWith((_, signal) => (signals.push(signal), new Promise(() => {})), 50)
    await assert.rejects(login('elsewhere-carl', 'right', '10.0.0.2'), { code: 'UNAVAILABLE' })
    assert.equal(signals[0]?.aborted, true)
  })
})

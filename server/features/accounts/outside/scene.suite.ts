import assert from 'node:assert/strict'
import { after } from 'node:test'
import { openCache } from '../../../platform/cache/cache.ts'
import { sql } from '../../../platform/db/sql.ts'
import { openLog } from '../../../platform/observe/log.ts'
import { openPart } from '../../../platform/observe/part.ts'
import type { Caller } from '../../../registry/caller.ts'
import { fresh } from '../../../testing/given.ts'
import { openTestMarina } from '../../../testing/server.ts'
import { accountRightsKey, findRights } from '../../access/index.ts'
import { openSettings } from '../../settings/index.ts'
import { groupTypes } from '../../user-groups/index.ts'
import { openLogin, openOutside, type OutsideProvider, type Vouched } from '../index.ts'
import { hashOfSecret, makeTokenSecret } from '../tokens/secret.ts'
import { saveToken } from '../tokens/store.ts'

export const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())

export const usual = { refreshMs: 60_000, graceMs: 3600_000, answerMs: 5000, pauseMs: 0 }
const issuer = 'https://id.example'

/** A system that vouches for the people in `people`, as it is told to: at once, never, or not at all. */
export function openElsewhere(more: Partial<OutsideProvider> = {}) {
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

export const personOf = (username: string, more: Partial<Vouched> = {}): Vouched => ({
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
export function openWith(provider: OutsideProvider, limits: Partial<typeof usual> = {}) {
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

export const userOf = (caller: Caller | undefined) => {
  assert.ok(caller?.kind === 'user')
  return caller
}

/** Makes the last word of the provider on an account older. */
export async function age(accountId: number, seconds: number): Promise<void> {
  await marina.ground.db.transaction(async (tx) => {
    tx.changes(accountRightsKey(accountId))
    await tx.run(sql`
      update account_origin set confirmed_at = confirmed_at - make_interval(secs => ${seconds})
      where account_id = ${accountId}`)
  })
}

export async function tokenOf(accountId: number): Promise<{ id: number; secret: string }> {
  const secret = makeTokenSecret()
  const wanted = { accountId, name: fresh('token'), hash: hashOfSecret(secret), scope: null, days: 1 }
  const { id } = (await marina.ground.db.transaction((tx) => saveToken(tx, wanted, 10)))!
  return { id, secret }
}

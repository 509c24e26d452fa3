import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Caller } from '../../../registry/caller.ts'
import { fresh } from '../../../testing/given.ts'
import type { Provider } from './provider.ts'

/** Somebody whom a provider lets in, and what can happen to him. */
type Known = {
  provider: Provider
  caller: Exclude<Caller, { kind: 'anonymous' }>
  password: string
  /** Gives him another password, which is returned. */
  changePassword(): Promise<string>
  /** He may not log in any more. */
  switchOff(): Promise<void>
}

/** What every provider must do. `given` makes somebody new for each test. */
export function checkProvider(given: () => Promise<Known>): void {
  const never = new AbortController().signal
  const claimed = async ({ provider, caller }: Known) => {
    const claim = await provider.claim(caller.name)
    assert.ok(claim, `${provider.name} owns ${caller.name}`)
    return claim
  }

  test('the right password tells who it is, and no other does', async () => {
    const known = await given()
    const claim = await claimed(known)
    assert.deepEqual(await claim.check(known.password, never), known.caller)
    for (const wrong of ['', `${known.password}x`, known.password.toUpperCase()])
      assert.equal(await claim.check(wrong, never), undefined)
  })

  test('a name that nobody has lets nobody in', async () => {
    const { provider, caller, password } = await given()
    for (const name of [fresh('nobody'), `${caller.name}x`, caller.name.slice(0, -1)])
      assert.equal(await (await provider.claim(name))?.check(password, never), undefined)
  })

  test('with another password the old one is no longer right, and what was proven before does not hold', async () => {
    const known = await given()
    const before = await claimed(known)
    const password = await known.changePassword()
    const after = await claimed(known)
    assert.equal(await after.check(known.password, never), undefined)
    assert.deepEqual(await after.check(password, never), known.caller)
    if (before.version !== undefined) assert.notEqual(after.version, before.version)
  })

  test('who is switched off is not let in, not even when proven before', async () => {
    const known = await given()
    const before = await claimed(known)
    await known.switchOff()
    const after = await known.provider.claim(known.caller.name)
    assert.equal(await after?.check(known.password, never), undefined)
    if (before.version !== undefined) assert.notEqual(after?.version, before.version)
  })

  test('a check whose time is over ends', async () => {
    const known = await given()
    const checked = (await claimed(known)).check(known.password, AbortSignal.abort())
    await Promise.race([checked.catch(() => {}), new Promise((_, reject) => setTimeout(reject, 10_000).unref())])
  })
}

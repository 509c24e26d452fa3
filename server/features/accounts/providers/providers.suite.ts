import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Caller } from '../../../registry/caller.ts'
import { fresh } from '../../../testing/given.ts'
import type { Provider } from './provider.ts'

/** An account or robot that a provider lets in, and the changes that a test can make to it. */
type Known = {
  provider: Provider
  caller: Exclude<Caller, { kind: 'anonymous' }>
  password: string
  /** Sets another password and returns it. */
  changePassword(): Promise<string>
  /** Takes away the right to log in. */
  switchOff(): Promise<void>
}

/** Tests what every provider must do. `given` makes a new account or robot for each test. */
export function checkProvider(given: () => Promise<Known>): void {
  const never = new AbortController().signal
  const claimed = async ({ provider, caller }: Known) => {
    const claim = await provider.claim(caller.name)
    assert.ok(claim, `${provider.name} owns ${caller.name}`)
    return claim
  }

  test('the right password gives the caller, and no other password does', async () => {
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

  test('after a change of the password the old one is wrong, and the version of the claim is another', async () => {
    const known = await given()
    const before = await claimed(known)
    const password = await known.changePassword()
    const after = await claimed(known)
    assert.equal(await after.check(known.password, never), undefined)
    assert.deepEqual(await after.check(password, never), known.caller)
    if (before.version !== undefined) assert.notEqual(after.version, before.version)
  })

  test('a disabled account is not let in, not even with a password that was right before', async () => {
    const known = await given()
    const before = await claimed(known)
    await known.switchOff()
    const after = await known.provider.claim(known.caller.name)
    assert.equal(await after?.check(known.password, never), undefined)
    if (before.version !== undefined) assert.notEqual(after?.version, before.version)
  })

  test('a check ends when its signal is aborted', async () => {
    const known = await given()
    const checked = (await claimed(known)).check(known.password, AbortSignal.abort())
    await Promise.race([checked.catch(() => {}), new Promise((_, reject) => setTimeout(reject, 10_000).unref())])
  })
}

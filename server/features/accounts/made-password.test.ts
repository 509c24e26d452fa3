import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { callApi } from '../../testing/api.ts'
import { givenUser } from '../../testing/given.ts'
import { expectAnswer, type Person } from '../../testing/http.ts'
import { openTestMarina } from '../../testing/server.ts'
import { sql } from '../../platform/db/sql.ts'
import { ensureAdmin, resetAdminPassword } from './admin.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())

/** Whether Marina tells this account that it still has a password which Marina made. */
async function isTold(as: Person): Promise<boolean> {
  const answer = expectAnswer(await callApi(marina, 'GET', '/users/current', { as }), 200)
  const told = (answer.json() as { has_generated_password?: boolean }).has_generated_password
  assert.notEqual(told, false, 'it is left out instead')
  return told === true
}

test('an account is told while its password is one that Marina made, until it chooses another one', async () => {
  const { admin, ground } = marina
  assert.equal(await isTold(admin), false, 'this one was set by MARINA_ADMIN_PASSWORD')
  const made = { ...admin, password: await resetAdminPassword(ground.db, ground) }
  assert.equal(await isTold(made), true)
  assert.equal(await isTold(await givenUser(marina)), false)
  const chosen = { ...admin, password: 'Chosen12345' }
  const body = { old_password: made.password, new_password: chosen.password }
  expectAnswer(await callApi(marina, 'PUT', `/users/${admin.id}/password`, { as: made, body }), 200)
  assert.equal(await isTold(chosen), false)
})

test('the password of the first start counts as made, one from the environment does not', async () => {
  const { db } = marina.ground
  for (const configured of [undefined, 'Configured12345']) {
    await db.run(sql`update account set is_admin = false, name = 'former' where name = 'admin'`)
    const password = await ensureAdmin(db, configured)
    assert.equal(password === undefined, configured !== undefined)
    const row = await db.row<{ isMade: boolean }>(
      sql`select has_made_password as "isMade" from account where name = 'admin'`,
    )
    assert.equal(row!.isMade, configured === undefined)
    await db.run(sql`delete from account where name = 'admin'`)
    await db.run(sql`update account set is_admin = true, name = 'admin' where name = 'former'`)
  }
})

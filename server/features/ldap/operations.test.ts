import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groups, people, person } from '../../testing/directory.ts'
import { fresh } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openLdapScene } from './scene.suite.ts'

const scene = await openLdapScene()
const dnOf = (uid: string) => `uid=${uid},${people}`

await scene.directory.add(dnOf('carol'), person('carol', { cn: 'Carol Clark' }))

/** Somebody new in the directory. */
async function given() {
  const uid = fresh('alice')
  await scene.directory.add(dnOf(uid), person(uid, { mail: `${uid}@example.com` }))
  return { uid }
}

const pinged = async (body: object, as = scene.marina.admin) =>
  expectAnswer(await scene.api('POST', '/ldap/ping', { as, body }), 200).json() as object

test("ping says in Harbor's words what is wrong", async () => {
  const { ldap_url: url } = scene.directory.items
  assert.deepEqual(await pinged({}), { success: true })
  assert.deepEqual(await pinged({ ldap_url: url, ldap_search_password: '' }), { success: true })
  for (const [body, says] of [
    [{ ldap_search_password: 'wrong' }, /^error: invalid credential$/],
    [{ ldap_search_dn: '' }, /^error: empty search dn$/],
    [{ ldap_url: 'ldap://127.0.0.1:1' }, /^error: ldap server network timeout: nobody listens there$/],
    [{ ldap_url: url.replace('ldap:', 'ldaps:') }, /^error: ldap server network timeout/],
    [{ ldap_url: 'http://127.0.0.1' }, /^error: fail to ping LDAP server/],
    [{ ldap_url: '127.0.0.1:389' }, /^error: fail to ping LDAP server/],
    [{ ldap_url: 'ldap://127.0.0.1:x' }, /^error: fail to ping LDAP server/],
    [{ ldap_url: 'ldap://169.254.169.254' }, /metadata service, which Marina never calls/],
    [{ ldap_url: 'ldap://127.0.0.2' }, /loopback address/],
  ] as const)
    assert.match(((await pinged(body)) as { message: string }).message, says)
  const wrong = { as: scene.marina.admin, body: { ldap_filter: '((' } }
  expectAnswer(await scene.api('POST', '/ldap/ping', wrong), 400, 'BAD_REQUEST')
})

test('users/search finds a name exactly, and everybody without one', async () => {
  const { uid } = await given()
  const search = async (query: string) =>
    expectAnswer(await scene.api('GET', `/ldap/users/search${query}`, { as: scene.marina.admin }), 200).json()
  assert.deepEqual(await search(`?username=${uid}`), [
    { username: uid, realname: `${uid} Person`, email: `${uid}@example.com` },
  ])
  assert.deepEqual(await search('?username=carol'), [{ username: 'carol', realname: 'Carol Clark' }])
  for (const nobody of ['carol*', '*', 'car', 'a)(uid=*', '\\2a'])
    assert.deepEqual(await search(`?username=${encodeURIComponent(nobody)}`), [])
  const all = (await search('')) as { username: string }[]
  assert.ok(all.length > 1 && all.some(({ username }) => username === uid))
})

test('users/import makes accounts for all names or for none, and lists what is wrong', async () => {
  const [first, second] = [await given(), await given()]
  const imported = (ldap_uid_list: string[]) =>
    scene.api('POST', '/ldap/users/import', { as: scene.marina.admin, body: { ldap_uid_list } })
  const failed = expectAnswer(await imported(['nosuch', first.uid, '']), 404).json()
  assert.deepEqual(failed, [{ uid: 'nosuch', error: 'unknown_user' }, { error: 'empty_uid' }])
  const find = async (name: string) =>
    (await scene.api('GET', `/users/search?username=${name}`, { as: scene.marina.admin })).json() as object[]
  assert.deepEqual(await find(first.uid), [])
  for (let times = 0; times < 2; times++) {
    const answer = expectAnswer(await imported([first.uid, second.uid]), 200)
    assert.equal(answer.text, '')
  }
  assert.equal((await find(first.uid)).length, 1)
  expectAnswer(await imported([]), 200)
})

test('groups/search finds by name or DN', async () => {
  const cn = fresh('devs')
  const dn = `cn=${cn},${groups}`
  await scene.directory.add(dn, { objectClass: 'groupOfNames', member: dnOf('carol') })
  const search = (query: Record<string, string>) =>
    scene.api('GET', `/ldap/groups/search?${new URLSearchParams(query).toString()}`, { as: scene.marina.admin })
  for (const query of [{ groupname: cn }, { groupdn: dn }] as Record<string, string>[])
    assert.deepEqual(expectAnswer(await search(query), 200).json(), [{ group_name: cn, ldap_group_dn: dn }])
  const none = expectAnswer(await search({ groupname: 'nosuch' }), 404, 'NOT_FOUND')
  assert.match(none.text, /resource not found: group name:nosuch, group DN:/)
  expectAnswer(await search({}), 404, 'NOT_FOUND')
  expectAnswer(await search({ groupdn: 'notadn' }), 400, 'BAD_REQUEST')
  expectAnswer(await search({ groupdn: people }), 404, 'NOT_FOUND')
})

test('settings that no directory could have are refused, with a sentence', async () => {
  for (const [body, says] of [
    [{ ldap_url: 'http://x' }, /ldap:\/\/host:port/],
    [{ ldap_base_dn: 'nope' }, /distinguished name/],
    [{ ldap_filter: '((' }, /must be a filter/],
    [{ ldap_group_search_filter: '(a=b' }, /must be a filter/],
    [{ ldap_uid: 'uid)(x' }, /name of an attribute/],
    [{ ldap_scope: 7 }, /0 to 2/],
    [{ auth_mode: 'nope' }, /db_auth or ldap_auth/],
  ] as const) {
    const answer = await scene.api('PUT', '/configurations', { as: scene.marina.admin, body })
    assert.match(expectAnswer(answer, 400, 'BAD_REQUEST').text, says)
  }
})

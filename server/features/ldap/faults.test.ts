import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { people, person } from '../../testing/directory.ts'
import { fresh } from '../../testing/given.ts'
import { expectAnswer, type Person } from '../../testing/http.ts'
import { openLdapScene } from './scene.suite.ts'

const scene = await openLdapScene({
  MARINA_IDENTITY_REFRESH: '0s',
  MARINA_IDENTITY_PAUSE: '0s',
  MARINA_IDENTITY_ANSWER: '1m',
  MARINA_LDAP_ENTRIES: '700',
})
// Longer than any test waits: a call ends when the test lets it.
await scene.set({ ldap_timeout: 60 })
const dnOf = (uid: string) => `uid=${uid},${people}`
const current = (as: Person) => scene.api('GET', '/users/current', { as })

const uid = fresh('alice')
await scene.directory.add(dnOf(uid), person(uid))
const alice = scene.of(uid)
const made = await scene.api('POST', '/users/current/tokens', { as: alice, body: { name: 'ci' } })
const token = scene.of(uid, (expectAnswer(made, 201).json() as { secret: string }).secret)

const stateOfIdentity = async () => {
  const health = (await scene.api('GET', '/health')).json() as { components: { name: string; status: string }[] }
  return health.components.find(({ name }) => name === 'identity')?.status
}

test('a directory that hangs holds up nobody else; one that cuts stops passwords alone; health says so', async () => {
  const { front } = scene.directory
  front.isSilent = true
  try {
    let isOver = false
    const [byPassword, byToken] = [current(alice).finally(() => (isOver = true)), current(token)]
    expectAnswer(await current(scene.marina.admin), 200)
    assert.equal(isOver, false)
    front.isCut = true
    const refused = expectAnswer(await byPassword, 503, 'UNAVAILABLE')
    assert.match(refused.text, /directory does not answer/)
    assert.ok(refused.headers['retry-after'])
    expectAnswer(await byToken, 200)
    expectAnswer(await current(token), 200)
    assert.equal(await stateOfIdentity(), 'unhealthy')
  } finally {
    front.isSilent = front.isCut = false
  }
  expectAnswer(await current(alice), 200)
  expectAnswer(await current(token), 200)
  assert.equal(await stateOfIdentity(), 'healthy')
})

test('a directory that cannot be asked is said to administrators with the reason', async () => {
  scene.directory.front.isCut = true
  const as = scene.marina.admin
  try {
    for (const path of ['/ldap/users/search', '/ldap/groups/search?groupname=a'])
      assert.match(
        expectAnswer(await scene.api('GET', path, { as }), 503, 'UNAVAILABLE').text,
        /the directory cannot be asked: /,
      )
    const body = { ldap_uid_list: ['a'] }
    expectAnswer(await scene.api('POST', '/ldap/users/import', { as, body }), 503, 'UNAVAILABLE')
  } finally {
    scene.directory.front.isCut = false
  }
  await scene.set({ ldap_search_password: 'wrong' })
  const refused = expectAnswer(await scene.api('GET', '/ldap/users/search', { as }), 503, 'UNAVAILABLE')
  assert.match(refused.text, /invalid credential/)
  await scene.set({ ldap_base_dn: 'dc=nowhere', ldap_search_password: scene.directory.items.ldap_search_password })
  expectAnswer(await current(token), 200)
  await scene.set({ ldap_base_dn: people })
  expectAnswer(await current(token), 200)
})

test('what is no directory ends a call with an error, and nothing more', async () => {
  const answers: ((socket: Socket) => void)[] = [
    (socket) => socket.destroy(),
    (socket) => socket.end(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')),
    (socket) => socket.end(Buffer.from('ffffffffffffffffffff', 'hex')),
    // A message that claims to have 2 GiB.
    (socket) => socket.write(Buffer.from('30847fffffff', 'hex')),
    (socket) => socket.end(Buffer.from('300c02010161070a010004000400', 'hex')),
  ]
  for (const answer of answers) {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => answer(socket))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const body = { ldap_url: `ldap://127.0.0.1:${port}`, ldap_connection_timeout: 1 }
    const pinged = await scene.api('POST', '/ldap/ping', { as: scene.marina.admin, body })
    const { success, message } = expectAnswer(pinged, 200).json() as { success?: boolean; message?: string }
    if (answer !== answers.at(-1)) assert.ok(message?.startsWith('error: '), JSON.stringify({ success, message }))
    server.close()
  }
  expectAnswer(await current(scene.marina.admin), 200)
})

test('referrals are not followed', async () => {
  let visits = 0
  const trap = createServer((socket) => (visits++, socket.destroy())).listen(0, '127.0.0.1')
  await once(trap, 'listening')
  const { port } = trap.address() as AddressInfo
  await scene.directory.add(`ou=elsewhere,${people}`, {
    objectClass: ['referral', 'extensibleObject'],
    ou: 'elsewhere',
    ref: `ldap://127.0.0.1:${port}/ou=elsewhere,${people}`,
  })
  expectAnswer(await scene.api('GET', '/ldap/users/search', { as: scene.marina.admin }), 200)
  expectAnswer(await current(alice), 200)
  assert.equal(visits, 0)
  trap.close()
})

test('of a directory with thousands of people a bounded part is read, and logins find their one', async () => {
  const stem = fresh('many')
  for (let at = 0; at < 1500; at++) await scene.directory.add(dnOf(`${stem}${at}`), person(`${stem}${at}`))
  const answer = expectAnswer(await scene.api('GET', '/ldap/users/search', { as: scene.marina.admin }), 200)
  assert.equal((answer.json() as object[]).length, 700)
  expectAnswer(await current(scene.of(`${stem}1499`)), 200)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groups, people, person } from '../../testing/directory.ts'
import { fresh } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { isBelow, isSameDn, normalDn } from './names.ts'
import { openLdapScene } from './scene.suite.ts'

const scene = await openLdapScene()

/** What RFC 4514 and RFC 4515 give a meaning to, and what else may stand in a name. */
const odd = [
  ...Array.from('()*\\/+;<>="#&|!~ äß\u{1f600}\'`%?[]{}@^-.'),
  '\\2a',
  '*)(uid=*',
  'cn=admin',
  '))',
  '\\5c\\2a',
  '., ',
]

/** A DN with each special character as hex (RFC 4514, 2.4). */
const escaped = (value: string) =>
  [...Buffer.from(value)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')

/** Names of these characters in an order that differs from run to run; the order stands in the name of the test. */
function oddNames(count: number): string[] {
  return Array.from({ length: count }, () => {
    const middle = Array.from({ length: 4 }, () => odd[Math.floor(Math.random() * odd.length)]).join('')
    return `${fresh('x')}${middle}y`
  })
}

test('names of every odd character find their own entry, its groups and nothing else', async () => {
  for (const name of [...odd.map((part) => `${fresh('x')}${part}y`), ...oddNames(30)]) {
    const about = JSON.stringify(name)
    const dn = `uid=${escaped(name)},${people}`
    const group = `${fresh('g')}${name}`
    await scene.directory.add(dn, person(name, { userPassword: 'Secret12345' }))
    const members = { objectClass: 'groupOfNames', member: dn }
    await scene.directory.add(`cn=${escaped(group)},${groups}`, members)
    const query = new URLSearchParams({ username: name }).toString()
    const found = expectAnswer(await scene.api('GET', `/ldap/users/search?${query}`, { as: scene.marina.admin }), 200)
    assert.deepEqual(
      (found.json() as { username: string }[]).map(({ username }) => username),
      [name],
      about,
    )
    const searched = new URLSearchParams({ groupname: group }).toString()
    const byName = await scene.api('GET', `/ldap/groups/search?${searched}`, { as: scene.marina.admin })
    const [known] = expectAnswer(byName, 200).json() as { group_name: string; ldap_group_dn: string }[]
    assert.ok(known?.group_name === group, about)
    const again = new URLSearchParams({ groupdn: known.ldap_group_dn }).toString()
    expectAnswer(await scene.api('GET', `/ldap/groups/search?${again}`, { as: scene.marina.admin }), 200)
    const login = await scene.api('GET', '/users/current', { as: scene.of(name, 'Secret12345') })
    const { username } = expectAnswer(login, 200).json() as { username: string }
    assert.equal(username, name.replaceAll(',', '_'), about)
    const listed = await scene.api('GET', `/usergroups?${new URLSearchParams({ group_name: group }).toString()}`, {
      as: scene.marina.admin,
    })
    assert.equal((expectAnswer(listed, 200).json() as object[]).length, 1, `the group of ${about} was taken over`)
    await scene.directory.remove(`cn=${escaped(group)},${groups}`)
    await scene.directory.remove(dn)
  }
})

test('spellings of one DN are equal, and no two DNs are taken for one (RFC 4514)', () => {
  for (const [a, b] of [
    ['cn=a,dc=b', 'CN = A , DC=B'],
    ['cn=a\\,b,dc=c', 'cn=a\\2cb,dc=c'],
    ['cn=a;dc=b', 'cn=a,dc=b'],
    ['cn=a+sn=b,dc=c', 'sn=b+cn=a,dc=c'],
    ['cn=\\c3\\a4,dc=c', 'cn=ä,dc=c'],
    ['cn=a\\ ,dc=c', 'cn=a\\20,dc=c'],
  ] as const)
    assert.ok(isSameDn(a, b), `${a} is ${b}`)
  for (const [a, b] of [
    ['cn=a,cn=b,dc=c', 'cn=a\\,cn=b,dc=c'],
    ['cn=a+sn=b,dc=c', 'cn=a\\+sn=b,dc=c'],
    ['cn=a,dc=b', 'cn=a,dc=b,dc=c'],
    ['cn=a', 'ou=a'],
  ] as const)
    assert.ok(!isSameDn(a, b), `${a} is not ${b}`)
  for (const wrong of ['a', 'cn', '=a', 'cn=a,', ',cn=a', 'cn=a\\', 'cn=a"b"', '1.=a', 'cn=a,b'])
    assert.equal(normalDn(wrong), undefined, wrong)
})

test('an entry is below a base only by whole parts', () => {
  assert.ok(isBelow('uid=a,ou=people,dc=b', 'OU=People, dc=b'))
  assert.ok(isBelow('dc=b', ''))
  for (const base of ['ou=ople,dc=b', 'ou=people,dc=c', 'uid=x,uid=a,ou=people,dc=b', 'nope'])
    assert.ok(!isBelow('uid=a,ou=people,dc=b', base), base)
  assert.ok(!isBelow('uid=a\\,ou=people,dc=b', 'ou=people,dc=b'))
})

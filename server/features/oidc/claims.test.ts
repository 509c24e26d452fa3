import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mergeClaims, readClaims, shownClaims } from './claims.ts'

const rules = { userClaim: '', groupsClaim: 'groups', groupFilter: '', adminGroup: 'admins' }

test('Z02: a list of groups counts as it is; no claim, an empty one and one of another form are no groups', () => {
  const groups = (value: unknown) => readClaims({ name: 'ann', groups: value }, rules).groups
  assert.deepEqual(groups(['a', 'b', 'a']), ['a', 'b'])
  assert.deepEqual(groups('a'), ['a'])
  for (const none of [undefined, null, [], {}, 7, '', [[]]]) assert.deepEqual(groups(none), [], JSON.stringify(none))
  assert.deepEqual(groups(['a', 7, null, '', 'x'.repeat(256), 'a\0b', 'a\u202eb', '\ud800']), ['a'])
  const many = Array.from({ length: 1001 }, (_, index) => `g${index}`)
  const read = readClaims({ name: 'ann', groups: many }, rules)
  assert.deepEqual([read.groups.length, read.notes], [1000, ['1 groups left out: 1000 are kept']])
})

test('the admin group must pass the filter, and is compared as a whole', () => {
  const isAdmin = (groups: unknown, more = {}) => readClaims({ name: 'ann', groups }, { ...rules, ...more }).isAdmin
  assert.equal(isAdmin(['admins']), true)
  assert.equal(isAdmin(['Admins', 'admins2']), false)
  assert.equal(isAdmin(['admins'], { groupFilter: '^dev' }), false)
  assert.equal(isAdmin([''], { adminGroup: '' }), false)
})

test('the filter keeps groups that hold a match of it', () => {
  const filtered = (groupFilter: string) =>
    readClaims({ groups: ['dev-a', 'dev-b', 'ops', 'old\u00e9-dev'] }, { ...rules, groupFilter }).groups
  assert.deepEqual(filtered('dev'), ['dev-a', 'dev-b', 'old\u00e9-dev'])
  assert.deepEqual(filtered('^dev-|ops$'), ['dev-a', 'dev-b', 'ops'])
  assert.deepEqual(filtered('^none$'), [])
})

test('the name is the claim of the settings, else name, else preferred_username, with _ for blanks', () => {
  const claims = { name: 'Ann Lee', preferred_username: 'ann', upn: 'ann@x', number: 7 }
  const name = (given: object, userClaim = '') => readClaims(given as never, { ...rules, userClaim }).username
  assert.equal(name(claims), 'Ann_Lee')
  assert.equal(name(claims, 'upn'), 'ann@x')
  assert.equal(name({ preferred_username: 'ann' }), 'ann')
  assert.equal(name({}), '')
  const read = readClaims(claims, { ...rules, userClaim: 'number' })
  assert.equal(read.username, 'Ann_Lee')
  assert.match(read.notes[0]!, /oidc_user_claim/)
})

test('too many groups for a token are told apart from no groups', () => {
  const read = readClaims({ name: 'ann', _claim_names: { groups: 'src1' } }, rules)
  assert.deepEqual(read.groups, [])
  assert.match(read.notes[0]!, /too many groups/)
})

test('userinfo adds to the ID token and never changes issuer and subject', () => {
  const merged = mergeClaims({ iss: 'i', sub: 's', email: 'a' }, { iss: 'x', sub: 'y', email: 'b', groups: [] })
  assert.deepEqual(merged, { iss: 'i', sub: 's', email: 'b', groups: [] })
})

test('claims are shown without parts of the protocol, bounded, and as PostgreSQL can hold them', () => {
  const shown = shownClaims({ sub: 's', nonce: 'n', at_hash: 'h', sid: '1', a: 'x'.repeat(5000), b: 'a\0b', 'c\0': 1 })
  assert.deepEqual(Object.keys(shown), ['sub', 'a', 'b'])
  assert.equal((shown['a'] as string).length, 2001)
  assert.equal(JSON.stringify(shown).includes('\\u0000'), false)
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`claim${index}`, 'x'.repeat(1000)]))
  assert.ok(JSON.stringify(shownClaims(many)).length < 20_000)
})

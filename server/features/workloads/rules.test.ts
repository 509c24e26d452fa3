import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimAt, textsOf } from './claims.ts'
import { conditionsProblem, reasonsAgainst, type Condition } from './rules.ts'

const audience = 'marina.example'
const fits = (claims: Condition[], token: object) =>
  reasonsAgainst({ audience, claims, isOneUse: false }, { aud: audience, ...token })

test('a claim is compared exactly, or by a pattern whose star stops at a slash', () => {
  const token = { sub: 'repo:octo/app:ref:refs/heads/main', n: 12, yes: true }
  assert.deepEqual(fits([{ claim: 'sub', equals: token.sub }], token), [])
  assert.deepEqual(fits([{ claim: 'sub', matches: 'repo:octo/*:ref:refs/heads/*' }], token), [])
  assert.deepEqual(fits([{ claim: 'sub', matches: 'repo:octo/app:ref:refs/{heads,tags}/main' }], token), [])
  assert.deepEqual(fits([{ claim: 'n', equals: '12' }], token), [])
  assert.deepEqual(fits([{ claim: 'yes', equals: 'true' }], token), [])
  for (const matches of ['repo:*', 'repo:octo/*', 'repo:octo/app:ref:refs/heads', 'REPO:octo/app:ref:refs/heads/main'])
    assert.equal(fits([{ claim: 'sub', matches }], token).length, 1, matches)
  assert.match(fits([{ claim: 'sub', equals: '*' }], token)[0]!, /sub is .*, not \*/)
  assert.match(fits([{ claim: 'none', equals: 'x' }], token)[0]!, /there is no claim none/)
})

test('of a list any entry may fit; an object fits nothing, and its fields are reached by a slash', () => {
  const token = {
    groups: ['team', { name: 'hidden' }, 'team/builders'],
    'kubernetes.io': { namespace: 'ci', serviceaccount: { name: 'builder' } },
    'https://example.com/role': 'deploy',
  }
  assert.deepEqual(fits([{ claim: 'groups', equals: 'team/builders' }], token), [])
  assert.equal(fits([{ claim: 'groups', equals: 'hidden' }], token).length, 1)
  assert.deepEqual(fits([{ claim: 'kubernetes.io/serviceaccount/name', equals: 'builder' }], token), [])
  assert.match(fits([{ claim: 'kubernetes.io', matches: '**' }], token)[0]!, /no text, number or list/)
  assert.deepEqual(fits([{ claim: 'https://example.com/role', equals: 'deploy' }], token), [])
  assert.equal(claimAt(token, 'groups/0'), undefined)
  assert.equal(claimAt(token, 'constructor/name'), undefined)
  assert.equal(claimAt(token, '__proto__'), undefined)
  assert.deepEqual(textsOf([null, {}, [], 1]), ['1'])
})

test('the audience must be among those of the token, and a rule of one use needs a jti', () => {
  const claims: Condition[] = [{ claim: 'sub', equals: 'a' }]
  const of = (token: object, isOneUse = false) => reasonsAgainst({ audience, claims, isOneUse }, { sub: 'a', ...token })
  assert.deepEqual(of({ aud: ['other', audience] }), [])
  for (const aud of [undefined, 'other', [], {}, `${audience}x`]) assert.equal(of({ aud }).length, 1)
  assert.equal(of({ aud: audience }, true).length, 1)
  assert.deepEqual(of({ aud: audience, jti: 'x' }, true), [])
})

test('a rule that would take every token is refused, and one that says nothing of its owner on a shared issuer', () => {
  const own = 'https://gitlab.example'
  const github = 'https://token.actions.githubusercontent.com'
  const problem = (issuer: string, ...claims: Condition[]) => conditionsProblem(issuer, claims)
  assert.match(problem(own)!, /1 to 20/)
  for (const matches of ['*', '**', '*/*', '{*,**}', '?*'])
    assert.match(problem(own, { claim: 'sub', matches })!, /every token/, matches)
  assert.equal(problem(own, { claim: 'sub', matches: '*' }, { claim: 'ref', equals: 'main' }), undefined)
  assert.equal(problem(own, { claim: 'sub', equals: '*' }), undefined)
  for (const one of [
    { claim: 'ref', equals: 'refs/heads/main' },
    { claim: 'sub', matches: 'repo:*/app:ref:refs/heads/main' },
    { claim: 'sub', matches: 'repo:oct*/app:**' },
    { claim: 'repository', matches: '*/app' },
    { claim: 'repository_owner', matches: 'octo*' },
  ])
    assert.match(problem(github, one)!, /whose pipeline/, JSON.stringify(one))
  for (const one of [
    { claim: 'sub', matches: 'repo:octo/*:ref:refs/heads/main' },
    { claim: 'repository', matches: 'octo/*' },
    { claim: 'repository_owner_id', equals: '65' },
    { claim: 'repository', equals: 'octo/app' },
  ])
    assert.equal(problem(github, one), undefined, JSON.stringify(one))
  assert.match(problem('https://gitlab.com', { claim: 'ref', equals: 'main' })!, /GitLab/)
  assert.match(problem(own, { claim: 'sub', matches: '[a' })!, /cannot be read/)
  assert.match(problem(own, { claim: 'sub', matches: `a${'*b'.repeat(60)}` })!, /stars/)
  assert.match(problem(own, { claim: 'a/b/c/d/e/f', equals: 'x' })!, /levels/)
  assert.match(problem(own, { claim: 'sub', equals: '' })!, /1 to 512/)
})

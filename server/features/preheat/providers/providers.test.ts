import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authProblem } from './auth.ts'
import { dragonfly } from './dragonfly.ts'
import { kraken } from './kraken.ts'
import { ProviderRefused, type Ask } from './provider.ts'
import { providers } from './providers.ts'
import { testProvider, type Kind } from './providers.suite.ts'

const kinds: Kind[] = [
  { provider: dragonfly, health: '/healthy', begin: '/oapi/v1/jobs' },
  { provider: kraken, health: '/health', begin: '/registry/notifications' },
]
for (const kind of kinds) await testProvider(kind)

test('the suite has every provider', () => {
  assert.deepEqual(
    kinds.map(({ provider }) => provider),
    providers,
  )
})

const answering =
  (answer: unknown): Ask =>
  () =>
    Promise.resolve(answer)
const look = (answer: unknown) => dragonfly.progress!(answering(answer), '7')
const peer = (name: string, description?: string) => ({ hostname: name, ...(description ? { description } : {}) })
const ended = (state: string, results: object[], error = '') => ({
  state,
  result: { job_states: [{ error, results }] },
})

test('a job of Dragonfly is read in all its states, whatever its result holds', async () => {
  for (const state of ['PENDING', 'RECEIVED', 'STARTED', 'RETRY'])
    assert.deepEqual(await look({ state }), { state: 'running', says: `job 7 is ${state}` })
  assert.deepEqual(await look(ended('FAILURE', [], 'peer not there')), { state: 'failed', reason: 'peer not there' })
  assert.deepEqual(await look({ state: 'FAILURE', result: null }), { state: 'failed', reason: 'job 7 has failed' })
  assert.deepEqual(await look({ state: 'SUCCESS' }), { state: 'success', notes: [] })
  const mixed = [{ success_tasks: [peer('a'), peer('b')], failure_tasks: [peer('c', 'disk full')] }]
  assert.deepEqual(await look(ended('SUCCESS', mixed)), {
    state: 'success',
    notes: ['2 downloads succeeded', '1 downloads failed, the first: c: disk full'],
  })
  // The manager says that the job is done, but no machine has the image.
  assert.deepEqual(await look(ended('SUCCESS', [{ success_tasks: [], failure_tasks: [peer('c', 'disk full')] }])), {
    state: 'failed',
    reason: 'c: disk full',
  })
  for (const odd of [{ job_states: 'x' }, { job_states: [null, { results: [5] }] }, 'x'])
    assert.deepEqual(await look({ state: 'SUCCESS', result: odd }), { state: 'success', notes: [] })
  for (const answer of [{ state: 'DREAMING' }, {}, undefined]) await assert.rejects(look(answer), ProviderRefused)
  for (const answer of [undefined, {}, { id: 'job-1' }, { id: 1.5 }])
    await assert.rejects(
      dragonfly.preheat(answering(answer), { url: '', authorize: () => Promise.resolve('') } as never, {}),
      ProviderRefused,
    )
})

test('credentials that cannot be sent are refused without showing them', () => {
  const problem = (mode: 'BASIC' | 'OAUTH' | 'CUSTOM', info: Record<string, string>) => authProblem({ mode, info })
  assert.match(problem('BASIC', {})!, /needs auth_info with username and password/)
  assert.match(problem('BASIC', { 'a:b': 'hidden' })!, /no colon/)
  assert.match(problem('OAUTH', {})!, /needs auth_info with token/)
  assert.match(problem('CUSTOM', { a: 'hidden', b: 'hidden' })!, /one header and its value/)
  for (const name of ['Host', 'content-length', 'Transfer-Encoding', 'a b', ''])
    assert.match(problem('CUSTOM', { [name]: 'hidden' })!, /is no header for that/)
  assert.match(problem('OAUTH', { token: 'hidden\r\nX: 1' })!, /no line breaks/)
  assert.equal(problem('CUSTOM', { 'X-Key': 'hidden' }), undefined)
  assert.equal(authProblem({ mode: '', info: {} }), undefined)
})

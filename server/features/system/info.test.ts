import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { givenUser } from '../../testing/given.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openBeside, openTestMarina } from '../../testing/server.ts'
import { saveStorageCheck } from './storage-check.ts'

type StorageCheck = { time: string; findings: string[] }

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())
const { admin, ask } = marina

test('C-78: anonymous callers learn how to log in, and only logged-in ones the version', async () => {
  const user = await givenUser(marina)
  const open = expectAnswer(await ask('GET', '/api/v2.0/systeminfo'), 200)
  assert.deepEqual(open.json(), {
    auth_mode: 'db_auth',
    primary_auth_mode: false,
    self_registration: false,
    banner_message: '',
    oidc_provider_name: '',
  })
  assert.deepEqual([open.headers.server, open.headers['x-powered-by']], [undefined, undefined])
  const more = expectAnswer(await ask('GET', '/api/v2.0/systeminfo', { as: user }), 200).json() as Record<
    string,
    unknown
  >
  assert.match(String(more['harbor_version']), /^v2\.\d+\.\d+-marina$/)
  assert.deepEqual(
    [
      more['registry_url'],
      more['external_url'],
      more['has_ca_root'],
      more['read_only'],
      more['project_creation_restriction'],
      more['registry_storage_provider_name'],
    ],
    [`127.0.0.1:${marina.port}`, `http://127.0.0.1:${marina.port}`, false, false, 'everyone', 'filesystem'],
  )
  assert.ok(Math.abs(Date.parse(String(more['current_time'])) - Date.now()) < 60_000)
})

test('a changed setting shows in the system info at once', async () => {
  const put = (body: object) =>
    ask('PUT', '/api/v2.0/configurations', {
      as: admin,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  expectAnswer(await put({ banner_message: 'closed on Sunday', self_registration: true }), 200)
  const open = (await ask('GET', '/api/v2.0/systeminfo')).json() as Record<string, unknown>
  assert.deepEqual([open['banner_message'], open['self_registration']], ['closed on Sunday', true])
  expectAnswer(await put({ banner_message: '', self_registration: false }), 200)
})

test('volumes show the real size of the disk, to administrators', async () => {
  const user = await givenUser(marina)
  const { storage } = expectAnswer(await ask('GET', '/api/v2.0/systeminfo/volumes', { as: admin }), 200).json() as {
    storage: { total: number; free: number }[]
  }
  const { stdout } = await promisify(execFile)('df', ['-B1', '--output=size', marina.config.storage.root!])
  assert.equal(storage[0]!.total, Number(stdout.trim().split('\n')[1]))
  assert.ok(storage[0]!.free > 0 && storage[0]!.free <= storage[0]!.total)
  expectAnswer(await ask('GET', '/api/v2.0/systeminfo/volumes', { as: user }), 403, 'FORBIDDEN')
  expectAnswer(await ask('GET', '/api/v2.0/systeminfo/volumes'), 401, 'UNAUTHORIZED')
})

test("the authority's certificate can be downloaded when one is configured, and is 404 otherwise", async () => {
  expectAnswer(await ask('GET', '/api/v2.0/systeminfo/getcert'), 404, 'NOT_FOUND')
  const dir = await mkdtemp(join(tmpdir(), 'marina-test-ca-'))
  try {
    const file = join(dir, 'ca.crt')
    await promisify(execFile)('openssl', [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-subj',
      '/CN=Test authority',
      '-keyout',
      join(dir, 'key'),
      '-out',
      file,
    ])
    await using beside = await openBeside(marina, { MARINA_CA_CERT: file })
    const answer = expectAnswer(await beside.ask('GET', '/api/v2.0/systeminfo/getcert'), 200)
    assert.deepEqual(answer.body, await readFile(file))
    assert.deepEqual(
      [answer.headers['content-disposition'], answer.headers['content-type']],
      ['attachment; filename=ca.crt', 'application/x-x509-ca-cert'],
    )
    assert.equal(
      ((await beside.ask('GET', '/api/v2.0/systeminfo', { as: admin })).json() as { has_ca_root: boolean }).has_ca_root,
      true,
    )
  } finally {
    await rm(dir, { recursive: true })
  }
  await assert.rejects(openBeside(marina, { MARINA_CA_CERT: join(dir, 'none') }), {
    name: 'ConfigError',
    message: /MARINA_CA_CERT/,
  })
})

test('what the last check of the storage found is told to those who may read its volumes', async () => {
  const path = '/api/v2.0/systeminfo/storage-check'
  const read = async () => expectAnswer(await ask('GET', path, { as: admin }), 200).json() as { last?: StorageCheck }
  assert.deepEqual(await read(), {})
  const counts = { blobs: 3, artifacts: 2, tags: 1, bytes: 12_345 }
  const many = Array.from({ length: 150 }, (_, n) => `left ${n}`)
  await saveStorageCheck(marina.ground.db, { ...counts, readsDigests: false, losses: [], leftovers: many })
  await saveStorageCheck(marina.ground.db, { ...counts, readsDigests: true, losses: ['a blob'], leftovers: many })
  const { time, findings, ...rest } = (await read()).last!
  assert.deepEqual(rest, { ...counts, digests: true, losses: 1, leftovers: 150 })
  assert.deepEqual([findings.length, findings[0], findings[1]], [100, 'a blob', 'left 0'])
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 600_000)
  expectAnswer(await ask('GET', path, { as: await givenUser(marina) }), 403, 'FORBIDDEN')
  expectAnswer(await ask('GET', path), 401, 'UNAUTHORIZED')
})

import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { sql } from '../../../platform/db/sql.ts'
import { callApi, create, type CallOptions } from '../../../testing/api.ts'
import { startChild } from '../../../testing/child.ts'
import { fresh, givenProject, givenUser } from '../../../testing/given.ts'
import { basic, eventually, expectAnswer, type Person } from '../../../testing/http.ts'
import { openTestMarina, type TestMarina } from '../../../testing/server.ts'
import { aliasesBy } from './jobs.ts'
import { maskEntry, type Masked } from './rules.ts'

const soon = { MARINA_AUDIT_MASK_AGAIN: '100ms' }
const marina = await openTestMarina(soon)
after(() => marina[Symbol.asyncDispose]())
const { admin } = marina
const aliasOf = aliasesBy(marina.ground.secrets.derive('audit masking'))

const call = (method: string, path: string, options: CallOptions = {}, at: TestMarina = marina) =>
  callApi(at, method, path, { as: admin, ...options })

type Row = { username: string; resource: string; description: string; details: string | null }
/** Everything the log and the facts hold that has this text in it. */
async function tracesOf(text: string, { ground: { db } }: TestMarina = marina): Promise<string[]> {
  const entries = await db.rows<Row>(sql`
    select username, resource, description, details::text as details from audit_log
    where position(${text} in concat_ws(' ', username, resource, description, details::text)) > 0`)
  const facts = await db.rows<{ payload: string }>(sql`
    select payload::text as payload from outbox where position(${text} in payload::text) > 0`)
  const signIns = await db.rows<{ name: string }>(sql`select name from sign_in where name = ${text}`)
  return [...entries, ...facts, ...signIns].map((one) => JSON.stringify(one))
}

/** Waits until the audit log has all facts there are. */
const settled = ({ ground: { db } }: TestMarina = marina) =>
  eventually(async () => {
    const behind = await db.row(sql`
      select from event_place where handler = 'audit' and (until is not null or exists (
        select from outbox where xid >= pg_snapshot_xmin(seen) and not pg_visible_in_snapshot(xid, seen)))`)
    assert.equal(behind, undefined)
  })

type Run = { id: number; job_status: string; job_parameters: string }
const ended = (id: number, at: TestMarina = marina) =>
  eventually(async () => {
    const run = expectAnswer(await call('GET', `/system/audit-masking/${id}`, {}, at), 200).json() as Run
    assert.equal(run.job_status, 'Success')
    return JSON.parse(run.job_parameters) as { alias: string; masked_entries: number; note?: string }
  })
const newest = async () => (expectAnswer(await call('GET', '/system/audit-masking'), 200).json() as Run[])[0]!.id

/** A person whom the log knows well: made, changed, refused, a member, and active. */
async function givenTraces(name = fresh('gone')): Promise<{ person: Person; project: string }> {
  const body = { username: name, password: 'Testing12345', email: `${name}@example.com`, realname: 'Ann Example' }
  const id = await create(marina, '/users', admin, body)
  const person: Person = { kind: 'user', id, name, password: body.password }
  expectAnswer(await call('PUT', `/users/${id}`, { body: { email: `${name}@new.example`, comment: 'the third' } }), 200)
  expectAnswer(await call('GET', '/users/current', { as: { ...person, password: 'Wrong12345' } }), 401, 'UNAUTHORIZED')
  const project = await givenProject(marina)
  const member = { role_id: 1, member_user: { username: name } }
  expectAnswer(await call('POST', `/projects/${project.name}/members`, { body: member }), 201)
  expectAnswer(await call('POST', '/projects', { as: person, body: { project_name: `${name}-own` } }), 201)
  await eventually(async () => assert.ok((await tracesOf(`wrong name or password: ${name}`)).length > 0))
  await settled()
  return { person, project: project.name }
}

suite('names of deleted accounts are masked in the audit log', () => {
  test('a deletion that asks for it takes the name out of entries, facts and logins, and nothing else', async () => {
    const { person } = await givenTraces()
    const { name } = person
    const neighbour = await givenTraces(`${name}x`)
    const before = (await tracesOf(neighbour.person.name)).length
    expectAnswer(await call('DELETE', `/users/${person.id}?mask_audit_log=true`), 200)
    const { alias, masked_entries: count, note } = await ended(await newest())
    assert.deepEqual([alias, note], [aliasOf(name), undefined])
    await settled()
    // What is left has the name within another one: of the project that the account made, and of its neighbour.
    const left = (await tracesOf(name)).filter((text) => !text.includes(`${name}-own`) && !text.includes(`${name}x`))
    assert.deepEqual(left, [])
    assert.deepEqual(await tracesOf('the third').then((all) => all.filter((text) => text.includes(alias))), [])
    assert.ok(count >= 5, `${count} entries`)
    assert.ok((await tracesOf(`delete user: ${alias}`)).length > 0, 'the deletion itself is in the log, masked')
    assert.ok((await tracesOf(alias)).some((text) => text.includes(`"description":"create project: ${name}-own"`)))
    assert.equal((await tracesOf(neighbour.person.name)).length, before)
    const said = expectAnswer(await call('GET', `/auditlog-exts?q=operation=mask&sort=-op_time`), 200).text
    assert.match(said, new RegExp(`mask audit log: ${count} entries of ${alias}`))
    assert.deepEqual(await marina.ground.db.rows(sql`select * from audit_masking`), [])
  })

  test('without it the name stays, until an administrator asks for it later', async () => {
    const { person } = await givenTraces()
    expectAnswer(await call('DELETE', `/users/${person.id}`), 200)
    await settled()
    assert.ok((await tracesOf(`delete user: ${person.name}`)).length > 0)
    const id = await create(marina, '/system/audit-masking', admin, { username: person.name })
    await ended(id)
    const again = await ended(await create(marina, '/system/audit-masking', admin, { username: person.name }))
    assert.deepEqual([again.alias, again.masked_entries], [aliasOf(person.name), 0])
    assert.deepEqual(
      (await tracesOf(person.name)).filter((text) => !text.includes(`${person.name}-own`)),
      [],
    )
  })

  test('an account that has the name now keeps its entries', async () => {
    const { person } = await givenTraces()
    expectAnswer(await call('DELETE', `/users/${person.id}`), 200)
    const next = await create(marina, '/users', admin, { username: person.name, password: person.password })
    await settled()
    await ended(await create(marina, '/system/audit-masking', admin, { username: person.name }))
    const left = (await tracesOf(person.name)).filter((text) => !text.includes(`${person.name}-own`))
    const ofNext = new RegExp(`accountId[\\\\"]+: ${next}\\b`)
    const isOfNext = (text: string) => ofNext.test(text) || text === JSON.stringify({ name: person.name })
    assert.ok(left.length > 1 && left.every(isOfNext), left.join('\n'))
  })

  test('MARINA_AUDIT_MASK_DELETED makes it usual, and a request may say no', async () => {
    await using own = await openTestMarina({ ...soon, MARINA_AUDIT_MASK_DELETED: 'true' })
    const [masked, kept] = [await givenUser(own), await givenUser(own)]
    expectAnswer(await call('DELETE', `/users/${masked.id}`, {}, own), 200)
    expectAnswer(await call('DELETE', `/users/${kept.id}?mask_audit_log=false`, {}, own), 200)
    const runs = expectAnswer(await call('GET', '/system/audit-masking', {}, own), 200).json() as Run[]
    assert.equal(runs.length, 1)
    await ended(runs[0]!.id, own)
    await settled(own)
    assert.deepEqual(await tracesOf(masked.name, own), [])
    assert.ok((await tracesOf(kept.name, own)).length > 0)
  })

  test('a run for a name that never was says so; a request without a name changes nothing', async () => {
    const id = await create(marina, '/system/audit-masking', admin, { username: fresh('nobody') })
    const { masked_entries: count, note } = await ended(id)
    assert.deepEqual([count, note], [0, 'no entry and no fact is by or about an account of this name'])
    for (const body of [{}, { username: '' }, { username: 7 }])
      expectAnswer(await call('POST', '/system/audit-masking', { body }), 422, 'UNPROCESSABLE_ENTITY')
    expectAnswer(await call('GET', '/system/audit-masking/999999999'), 404, 'NOT_FOUND')
  })
})

test('a process that is killed in the middle of a masking loses nothing: another one goes on and ends it', async () => {
  await using own = await openTestMarina({ MARINA_WORKERS: 'none' })
  const person = await givenUser(own)
  expectAnswer(await call('POST', '/projects', { as: person, body: { project_name: fresh('p') } }, own), 201)
  await settled(own)
  expectAnswer(await call('DELETE', `/users/${person.id}?mask_audit_log=true`, {}, own), 200)
  const [{ id }] = expectAnswer(await call('GET', '/system/audit-masking', {}, own), 200).json() as [Run]
  const workers = { ...soon, MARINA_WORKERS: 'in-process', MARINA_WORKER_LEASE: '2s' }
  // Passes 1 and 2 read facts, 3 those that are parked, 4 the log.
  for (const pass of [2, 3]) {
    const child = await startChild(own, { ...workers, MARINA_FAILPOINTS: `masking.page=${pass}` })
    await eventually(async () => {
      const dead = await fetch(child.url, { headers: { authorization: basic(admin) } }).then(
        () => false,
        () => true,
      )
      assert.ok(dead)
    })
    await child.kill()
  }
  await using child = await startChild(own, workers)
  assert.ok(child.url)
  assert.ok((await ended(id, own)).masked_entries > 0)
  await settled(own)
  assert.deepEqual(await tracesOf(person.name, own), [])
})

test('the alias is the same for the same name, is no name of an account, and differs between installations', () => {
  const [one, other] = [aliasesBy(Buffer.alloc(32, 1)), aliasesBy(Buffer.alloc(32, 2))]
  assert.equal(one('ann'), one('ann'))
  assert.notEqual(one('ann'), one('bob'))
  assert.notEqual(one('ann'), other('ann'))
  assert.match(one('ann'), /^deleted#[0-9a-f]{16}$/)
})

test('a name is replaced where it stands alone, in entries about the account', () => {
  const to = { name: 'ann', alias: 'deleted#1' }
  const by = { kind: 'user', id: 7, name: 'ann' } as const
  const mask = (entry: Partial<Masked> & { resourceType: string }) =>
    maskEntry({ by, resource: 'ann', description: '', details: null, ...entry }, to)
  const text = (description: string) => mask({ resourceType: 'user', description }).description
  assert.equal(text('create user: ann'), 'create user: deleted#1')
  assert.equal(
    text('ann, joanna, ann-2, ann@x, "ann" and ann'),
    'deleted#1, joanna, ann-2, ann@x, "deleted#1" and deleted#1',
  )
  assert.equal(text('create personal token of ann: laptop'), 'create personal token of deleted#1: laptop')
  assert.deepEqual(
    mask({ resourceType: 'user', details: { name: 'ann', changed: { email: 'a@b.c', isAdmin: true } } }).details,
    {
      name: 'deleted#1',
      changed: { email: '***', isAdmin: true },
    },
  )
  const project = mask({ resourceType: 'project', description: 'create project: ann', details: { name: 'ann' } })
  assert.deepEqual(project, {
    by: { ...by, name: 'deleted#1' },
    resource: 'ann',
    description: 'create project: ann',
    details: { name: 'ann' },
  })
  const robot = { kind: 'robot', id: 3, name: 'ann' } as const
  assert.deepEqual(mask({ resourceType: 'label', by: robot }).by, robot)
})

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { fresh, givenCast } from '../../testing/given.ts'
import { expectAnswer, type Person } from '../../testing/http.ts'
import { openTestMarina } from '../../testing/server.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())
const { admin, ask, ground } = marina
const cast = await givenCast(marina)
const { A, B, P, uaA, maA, deA, guA, laA, uaB, sys } = cast

type Label = { id: number; name: string; description: string; color: string; scope: string; project_id: number }
type Who = Person | undefined
const tell = (method: string, path: string, as: Who, body?: unknown) =>
  ask(method, `/api/v2.0/labels${path}`, {
    as,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
const refused = (as: Who): [status: number, code: string] => (as ? [403, 'FORBIDDEN'] : [401, 'UNAUTHORIZED'])
const list = async (query: string, as: Who = admin) =>
  expectAnswer(await tell('GET', `?${query}`, as), 200).json() as Label[]
const made = async (body: object, as: Who = admin) =>
  Number(expectAnswer(await tell('POST', '', as, body), 201).headers.location!.replace('/api/v2.0/labels/', ''))

test('a label is made with a trimmed name, read, changed and deleted, and each is a fact', async () => {
  const name = fresh('label')
  const id = await made(
    { name: `  ${name} `, description: 'one', color: '#00AA11', scope: 'p', project_id: A.id, id: 1 },
    maA,
  )
  const label = expectAnswer(await tell('GET', `/${id}`, guA), 200).json() as Label
  assert.deepEqual(
    [label.id, label.name, label.description, label.color, label.scope, label.project_id],
    [id, name, 'one', '#00AA11', 'p', A.id],
  )
  expectAnswer(await tell('PUT', `/${id}`, uaA, { name: `${name}2`, scope: 'g', project_id: B.id }), 200)
  const changed = expectAnswer(await tell('GET', `/${id}`, guA), 200).json() as Label
  assert.deepEqual(
    [changed.name, changed.description, changed.scope, changed.project_id],
    [`${name}2`, 'one', 'p', A.id],
  )
  expectAnswer(await tell('DELETE', `/${id}`, maA), 200)
  expectAnswer(await tell('GET', `/${id}`, maA), 404, 'NOT_FOUND')
  expectAnswer(await tell('DELETE', `/${id}`, maA), 404, 'NOT_FOUND')
  const topics = await ground.db.rows<{ topic: string; by: string }>(
    sql`select topic, payload -> 'by' ->> 'name' as by from outbox
      where payload @> ${JSON.stringify({ labelId: id })}::jsonb order by id`,
  )
  assert.deepEqual(topics, [
    { topic: 'label.created', by: maA.name },
    { topic: 'label.updated', by: uaA.name },
    { topic: 'label.deleted', by: maA.name },
  ])
})

test("a project's labels follow the project's rights", async () => {
  const id = await made({ name: fresh('label'), scope: 'p', project_id: A.id })
  for (const as of [deA, guA, laA, uaB, undefined]) {
    expectAnswer(await tell('POST', '', as, { name: fresh('label'), scope: 'p', project_id: A.id }), ...refused(as))
    expectAnswer(await tell('PUT', `/${id}`, as, { name: 'taken over' }), ...refused(as))
    expectAnswer(await tell('DELETE', `/${id}`, as), ...refused(as))
  }
  for (const as of [laA, uaB, undefined]) {
    expectAnswer(await tell('GET', `/${id}`, as), ...refused(as))
    expectAnswer(await tell('GET', `?scope=p&project_id=${A.id}`, as), ...refused(as))
    expectAnswer(await tell('GET', '?scope=p&project_id=999999', as), ...refused(as))
  }
  for (const as of [uaA, maA, deA, guA, sys])
    assert.ok((await list(`scope=p&project_id=${A.id}`, as)).some((one) => one.id === id))
  const open = await made({ name: fresh('label'), scope: 'p', project_id: P.id })
  assert.deepEqual(
    (await list(`scope=p&project_id=${P.id}`, laA)).map((one) => one.id),
    [open],
  )
  expectAnswer(await tell('GET', `?scope=p&project_id=${P.id}`, undefined), 200)
  expectAnswer(await tell('GET', '?scope=p&project_id=999999', admin), 404, 'NOT_FOUND')
})

test('global labels are made and changed by administrators and listed by everyone', async () => {
  const name = fresh('global')
  for (const as of [uaA, undefined]) expectAnswer(await tell('POST', '', as, { name, scope: 'g' }), ...refused(as))
  const id = await made({ name, scope: 'g', project_id: A.id }, sys)
  for (const as of [uaA, undefined]) {
    expectAnswer(await tell('PUT', `/${id}`, as, { name: 'other' }), ...refused(as))
    expectAnswer(await tell('DELETE', `/${id}`, as), ...refused(as))
    expectAnswer(await tell('GET', `/${id}`, as), ...refused(as))
  }
  assert.deepEqual(
    (await list(`scope=g&name=${name}`, uaA)).map((one) => [one.id, one.scope, one.project_id]),
    [[id, 'g', 0]],
  )
  expectAnswer(await tell('GET', '?scope=g', undefined), 200)
})

test('a name is unique among the global labels and within each project', async () => {
  const name = fresh('twice')
  const id = await made({ name, scope: 'p', project_id: A.id })
  await made({ name, scope: 'p', project_id: B.id })
  await made({ name, scope: 'g' })
  for (const body of [
    { name: ` ${name}`, scope: 'p', project_id: A.id },
    { name, scope: 'g' },
  ])
    expectAnswer(await tell('POST', '', admin, body), 409, 'CONFLICT')
  const other = await made({ name: `${name}x`, scope: 'p', project_id: A.id })
  expectAnswer(await tell('PUT', `/${other}`, admin, { name }), 409, 'CONFLICT')
  expectAnswer(await tell('PUT', `/${id}`, admin, { name, color: '#123' }), 200)
})

test('H26: labels are found by literal text and known fields only', async () => {
  const stem = fresh('q')
  for (const end of ['a_b', 'a%b', 'axb']) await made({ name: `${stem}${end}`, scope: 'p', project_id: B.id })
  const names = async (query: string) =>
    (await list(`scope=p&project_id=${B.id}&${query}`)).map((one) => one.name.replace(stem, ''))
  assert.deepEqual(await names('name=a_b'), ['a_b'])
  assert.deepEqual(await names('q=name%3D~a%25b'), ['a%b'])
  assert.deepEqual(await names(`q=name%3D${stem}axb`), ['axb'])
  assert.deepEqual(await names(`name=${stem}&sort=-name&page_size=2`), ['axb', 'a_b'])
  for (const query of ['q=password%3Da', 'sort=project_id', 'q=name'])
    expectAnswer(await tell('GET', `?scope=g&${query}`, admin), 400, 'BAD_REQUEST')
  for (const query of ['', '?scope=x', '?scope=p', '?scope=p&project_id=0'])
    expectAnswer(await tell('GET', query, admin), 400, 'BAD_REQUEST')
  for (const query of ['?scope=g&page_size=101', '?scope=p&project_id=abc'])
    expectAnswer(await tell('GET', query, admin), 422, 'UNPROCESSABLE_ENTITY')
})

test('a label takes the color that the Terraform provider sends where none is given', async () => {
  const id = await made({ name: fresh('tinted'), scope: 'p', project_id: A.id, color: 'false' })
  assert.equal((expectAnswer(await tell('GET', `/${id}`, admin), 200).json() as Label).color, 'false')
})

test('a label with a wrong name, description, colour or scope is refused', async () => {
  const good = { name: 'n', scope: 'g' }
  for (const one of [
    { name: '  ' },
    { name: 'x'.repeat(129) },
    { name: 'a\0b' },
    { name: 'a\u202eb' },
    { name: 'a\u2028b' },
    { description: 'x'.repeat(1025) },
    { color: 'red; x' },
    { color: 'x'.repeat(17) },
    { scope: undefined },
    { scope: 'p' },
  ]) {
    expectAnswer(await tell('POST', '', admin, { ...good, ...one }), 400, 'BAD_REQUEST')
  }
  for (const body of [[], { ...good, name: 5 }])
    expectAnswer(await tell('POST', '', admin, body), 422, 'UNPROCESSABLE_ENTITY')
  expectAnswer(
    await ask('POST', '/api/v2.0/labels', {
      as: admin,
      headers: { 'content-type': 'text/plain' },
      body: JSON.stringify(good),
    }),
    422,
    'UNPROCESSABLE_ENTITY',
  )
})

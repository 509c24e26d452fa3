import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import { operation } from '../../../api/operation.ts'
import { created } from '../../platform/http/reply.ts'
import { route } from './index.ts'

const shared = { tag: 'thing', summary: 'For the compiler' } as const
const Thing = Type.Object({ id: Type.Integer(), name: Type.String(), note: Type.Optional(Type.String()) })
const getThing = operation({ id: 'getThing', method: 'GET', path: '/things', status: 200, answer: Thing, ...shared })
const makeThing = operation({ id: 'makeThing', method: 'POST', path: '/things', status: 201, ...shared })
const listThings = operation({
  id: 'listThings',
  method: 'GET',
  path: '/things',
  status: 200,
  answer: Type.Array(Thing),
  page: true,
  ...shared,
})
const inProject = { project: 'label', verb: 'read' } as const
const onSystem = { system: 'label', verb: 'read' } as const

// Each line below that expects an error is one that must not compile; `tsc`, which npm test runs, fails when it does.
test('a handler that answers something else than its operation says does not compile', () => {
  const rows = [
    route(getThing, 'user', async () => ({ id: 1, name: 'one' })),
    // @ts-expect-error -- a field that is always sent is forgotten
    route(getThing, 'user', async () => ({ id: 1 })),
    // @ts-expect-error -- a field of another type
    route(getThing, 'user', async () => ({ id: '1', name: 'one' })),
    // @ts-expect-error -- no body
    route(getThing, 'user', async () => {}),
    route(makeThing, 'user', async () => created(1)),
    // @ts-expect-error -- 201 without a Location
    route(makeThing, 'user', async () => {}),
    route(listThings, 'user', async () => ({ rows: [{ id: 1, name: 'one' }], total: 1 })),
    // @ts-expect-error -- a page without its total
    route(listThings, 'user', async () => ({ rows: [] })),
    // @ts-expect-error -- an array is no page
    route(listThings, 'user', async () => [{ id: 1, name: 'one' }]),
  ]
  assert.equal(rows.length, 9)
})

test('the project is there exactly where the access names a right in a project', () => {
  const rows = [
    route(getThing, inProject, async ({ project }) => ({ id: project.id, name: project.name })),
    // @ts-expect-error -- a right on the system grants no project
    route(getThing, onSystem, async ({ project }) => ({ id: project.id, name: project.name })),
    // @ts-expect-error -- nor does being signed in
    route(getThing, 'user', async ({ project }) => ({ id: project.id, name: project.name })),
  ]
  assert.deepEqual(
    rows.map(({ access }) => access),
    [inProject, onSystem, 'user'],
  )
})

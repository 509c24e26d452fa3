import assert from 'node:assert/strict'
import { expectAnswer, type Answer, type Person } from './http.ts'
import type { TestMarina } from './server.ts'

export type CallOptions = { as?: Person | undefined; body?: unknown; headers?: Record<string, string> }

/** Asks the REST API below /api/v2.0, with a body as JSON. */
export function callApi(
  { ask }: TestMarina,
  method: string,
  path: string,
  { as, body, headers = {} }: CallOptions = {},
): Promise<Answer> {
  const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
  return ask(method, `/api/v2.0${path}`, {
    as,
    headers: { ...json, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

/** Creates something by POST and returns its id, from the Location header. */
export async function create(marina: TestMarina, path: string, as: Person, body: unknown): Promise<number> {
  const answer = expectAnswer(await callApi(marina, 'POST', path, { as, body }), 201)
  const [, id] = /\/(\d+)$/.exec(answer.headers.location ?? '') ?? []
  assert.ok(id, `no id in Location: ${answer.headers.location}`)
  return Number(id)
}

type Right = { resource: string; action: string }

/** Creates a robot with these rights and no others; `project` makes it a robot of that project. */
export async function givenRobot(
  marina: TestMarina,
  name: string,
  rights: { project?: string; access: Right[]; in?: string[] },
  as: Person = marina.admin,
): Promise<Person> {
  const permissions =
    rights.project === undefined
      ? (rights.in ?? ['/']).map((namespace) => ({
          kind: namespace === '/' ? 'system' : 'project',
          namespace,
          access: rights.access,
        }))
      : [{ kind: 'project', namespace: rights.project, access: rights.access }]
  const answer = expectAnswer(
    await callApi(marina, 'POST', '/robots', {
      as,
      body: { name, level: rights.project === undefined ? 'system' : 'project', duration: -1, permissions },
    }),
    201,
  )
  const robot = answer.json() as { id: number; name: string; secret: string }
  return { kind: 'robot', id: robot.id, name: robot.name, password: robot.secret }
}

/** The facts in the outbox after the one with the id `since`. */
export async function factsSince(
  { ground }: TestMarina,
  since: number,
): Promise<{ topic: string; payload: Record<string, unknown> }[]> {
  return ground.db.rows({
    name: '',
    text: 'select topic, payload from outbox where id > $1 order by id',
    values: [since],
  })
}

export async function lastFact({ ground }: TestMarina): Promise<number> {
  const row = await ground.db.row<{ id: number }>({
    name: '',
    text: 'select coalesce(max(id), 0) as id from outbox',
    values: [],
  })
  return row!.id
}

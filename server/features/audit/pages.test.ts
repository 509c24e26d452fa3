import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { keyset, writePosition, type KeysetQuery } from '../../platform/db/keyset.ts'
import { sql } from '../../platform/db/sql.ts'
import { callApi, givenRobot } from '../../testing/api.ts'
import { fresh, givenCast } from '../../testing/given.ts'
import { expectAnswer, type Person } from '../../testing/http.ts'
import { openTestMarina } from '../../testing/server.ts'
import { auditExtFields, auditKey, everything, makeMonths, pageStatement, saveEntries, type Scope } from './store.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())
const {
  admin,
  ground: { db },
} = marina
const { A, B, uaA, uaB, deA } = await givenCast(marina)

let next = 10_000_000
/** Saves entries about `resource` at these times, in ms since 1970, with the function that saves real ones. */
async function givenEntries(
  resource: string,
  times: number[],
  projectId: number | null = null,
  resourceType = 'label',
): Promise<number[]> {
  const by = { kind: 'system', id: null, name: 'test' } as const
  const entries = times.map((at) => ({
    id: next++,
    occurredAt: new Date(at),
    by,
    projectId,
    resourceType,
    resource,
    operation: 'create',
    description: '',
    isSuccess: true,
    address: null,
    requestId: null,
    eventId: null,
    details: null,
  }))
  await makeMonths(
    db,
    entries.map(({ occurredAt }) => occurredAt),
  )
  await saveEntries(db, entries)
  return entries.map(({ id }) => id)
}

type Page = { ids: number[]; total: number; next: string | undefined; prev: string | undefined }
async function read(path: string, as: Person = admin): Promise<Page> {
  const { headers, json } = expectAnswer(await callApi(marina, 'GET', path.replace('/api/v2.0', ''), { as }), 200)
  const link = (rel: string) => new RegExp(`<([^>]+)>; rel="${rel}"`).exec(String(headers['link']))?.[1]
  return {
    ids: (json() as { id: number }[]).map(({ id }) => id),
    total: Number(headers['x-total-count']),
    next: link('next'),
    prev: link('prev'),
  }
}
/** Reads all pages from `path` on, by the header Link alone. */
async function walk(
  path: string,
  {
    by = 'next',
    between = async () => {},
    as = admin,
  }: { by?: 'next' | 'prev'; between?: () => Promise<unknown>; as?: Person } = {},
): Promise<Page[]> {
  const pages: Page[] = []
  for (let at: string | undefined = path; at !== undefined; at = pages.at(-1)![by]) {
    pages.push(await read(at, as))
    await between()
  }
  return pages
}
const idsOf = (pages: Page[]) => pages.flatMap(({ ids }) => ids)
const about = (resource: string, more = '') => `/auditlog-exts?q=${encodeURIComponent(`resource=${resource}`)}${more}`

/** The page, its size and the kind of cursor in a link. */
function asks(link: string | undefined) {
  const { searchParams: query } = new URL(link!, marina.url)
  return {
    page: query.get('page'),
    page_size: query.get('page_size'),
    by: query.has('after') ? 'after' : query.has('before') ? 'before' : 'number',
  }
}
const inOrderOfIds = (ids: number[]) => ids.toSorted((a, b) => a - b)

/** Times across the end of a month, with four and six entries at one time, so that pages end among equal times. */
const turnOfMonth = Date.UTC(2025, 2, 31, 23, 59, 59)
const times = [
  ...Array<number>(4).fill(turnOfMonth),
  ...Array.from({ length: 9 }, (_, n) => turnOfMonth + n * 250),
  ...Array<number>(6).fill(turnOfMonth + 1500),
  turnOfMonth + 40 * 86_400_000,
]

for (const [sort, inOrder] of [
  ['-op_time', (ids: number[]) => ids.toReversed()],
  ['op_time', (ids: number[]) => ids],
] as const) {
  test(`pages by Link, sorted by ${sort}, have each old entry once while others are added anywhere`, async () => {
    const name = fresh('walked')
    const old = await givenEntries(
      name,
      times.toSorted((a, b) => a - b),
      A.id,
    )
    for (const size of [1, 3, 5, 19, 20, 100]) {
      const among = new Set(old)
      // Only 15 additions: a reader in ascending order would never end if the log grew by more than a page per page.
      let more = 15
      const added = async () =>
        void (more-- > 0 && (await givenEntries(name, [turnOfMonth - 5000, turnOfMonth + 1500, Date.now()], A.id)))
      const pages = await walk(about(name, `&sort=${sort}&page_size=${size}`), size < 20 ? { between: added } : {})
      assert.deepEqual(
        idsOf(pages).filter((id) => among.has(id)),
        inOrder(old),
        `pages of ${size}`,
      )
      assert.equal(new Set(idsOf(pages)).size, idsOf(pages).length)
      await db.run(sql`delete from audit_log where resource = ${name} and not id = any(${old}::bigint[])`)
    }
  })

  test(`prev leads back over the same entries, sorted by ${sort}, and to those added before them since`, async () => {
    const name = fresh('back')
    const old = await givenEntries(
      name,
      times.toSorted((a, b) => a - b),
    )
    const there = await walk(about(name, `&sort=${sort}&page_size=3`))
    assert.deepEqual([there.length, there[0]!.prev, idsOf(there)], [7, undefined, inOrder(old)])
    const sooner = await givenEntries(
      name,
      sort === '-op_time' ? [Date.now(), Date.now()] : [turnOfMonth - 9000, turnOfMonth - 8000],
    )
    const back = await walk(there.at(-1)!.prev!, { by: 'prev' })
    assert.deepEqual(idsOf(back.toReversed()), [...inOrder(sooner), ...inOrder(old).slice(0, -2)])
    assert.deepEqual((await walk(back.at(-1)!.next!)).flatMap(({ ids }) => ids).slice(-6), inOrder(old).slice(-6))
  })
}

test('a page number works alone or changed in a link, and a position needs no page number', async () => {
  const name = fresh('numbered')
  const ids = (
    await givenEntries(
      name,
      Array.from({ length: 9 }, (_, n) => turnOfMonth + n),
    )
  ).toReversed()
  const first = await read(about(name, '&page_size=2'))
  assert.deepEqual([first.ids, first.total], [ids.slice(0, 2), 9])
  assert.match(first.next!, /^\/api\/v2\.0\/auditlog-exts\?q=resource%3D/)
  assert.deepEqual(asks(first.next), { page: '2', page_size: '2', by: 'after' })
  const second = await read(first.next!)
  assert.deepEqual(second.ids, ids.slice(2, 4))
  assert.deepEqual(asks(second.prev), { page: '1', page_size: '2', by: 'before' })
  const numbered = async (page: number) => await read(about(name, `&page_size=2&page=${page}`))
  assert.deepEqual(
    [(await numbered(4)).ids, (await numbered(9)).ids, (await numbered(5)).next],
    [ids.slice(6, 8), [], undefined],
  )
  assert.deepEqual(asks((await numbered(9)).prev), { page: '8', page_size: '2', by: 'number' })
  assert.deepEqual((await read(first.next!.replace('page=2', 'page=4'))).ids, ids.slice(6, 8))
  assert.deepEqual((await read(first.next!.replace('&page=2', ''))).ids, ids.slice(2, 4))
  assert.deepEqual((await read((await numbered(3)).next!)).ids, ids.slice(6, 8))
})

test('entries are counted for each page by number; pages by position carry the count along', async () => {
  const name = fresh('counted')
  await givenEntries(name, [turnOfMonth, turnOfMonth + 1, turnOfMonth + 2])
  const first = await read(about(name, '&page_size=1'))
  await givenEntries(name, [turnOfMonth + 3])
  const totals = [
    first.total,
    (await read(first.next!)).total,
    (await read(about(name, '&page_size=1&page=2'))).total,
    (await read(first.next!)).total,
  ]
  assert.deepEqual(totals, [3, 3, 4, 3])
})

test('a position that Marina did not issue is refused by its name, in each of the four lists', async () => {
  const encode = (text: string) => Buffer.from(text).toString('base64url')
  const wrong = [
    'x',
    encode('1.2'),
    encode('0.5.5'),
    encode('2.x.5'),
    encode('2.5.5; drop table audit_log'),
    encode('2.5.99999999999999999'),
    encode('2.99999999999999999.5'),
    encode('2.2000000000000000.1'),
    encode('2.5.5.7'),
    encode('2.5.5.x.abcdefgh'),
    '%F0%9F%98%80',
    `${encode('2.5.5')}!`,
    '',
    '1%20or%201=1',
  ]
  for (const list of [
    '/audit-logs',
    '/auditlog-exts',
    `/projects/${A.name}/logs`,
    `/projects/${A.name}/auditlog-exts`,
  ]) {
    for (const where of ['after', 'before']) {
      for (const text of wrong)
        assert.match(
          expectAnswer(await callApi(marina, 'GET', `${list}?${where}=${text}`, { as: admin }), 400, 'BAD_REQUEST')
            .text,
          new RegExp(where),
          text,
        )
      expectAnswer(
        await callApi(marina, 'GET', `${list}?${where}=${writePosition(2, { micros: 1, id: 1 })}`, { as: admin }),
        200,
      )
    }
    expectAnswer(
      await callApi(marina, 'GET', `${list}?after=${encode('2.5.5')}&before=${encode('2.5.5')}`, { as: admin }),
      400,
      'BAD_REQUEST',
    )
  }
})

test("the position of another account shows no more than one's own rights, neither entries nor a count", async () => {
  const name = fresh('held')
  const [inA, inB] = [await givenEntries(name, times, A.id), await givenEntries(name, times, B.id)]
  const all = await walk(about(name, '&page_size=3'))
  assert.equal(all[0]!.total, 40)
  const stranger = await givenRobot(marina, fresh('bot'), {
    project: B.name,
    access: [{ resource: 'log', action: 'list' }],
  })
  for (const { next: link } of all.slice(0, -1)) {
    for (const [as, own] of [
      [uaA, inA],
      [uaB, inB],
      [stranger, inB],
      [deA, []],
    ] as [Person, number[]][]) {
      const { ids, total } = await read(link!, as)
      assert.deepEqual([ids.filter((id) => !own.includes(id)), total], [[], own.length])
    }
  }
  assert.deepEqual(inOrderOfIds(idsOf(await walk(about(name, '&page_size=3'), { as: uaB }))), inB)
  const inProject = await walk(
    `/projects/${A.name}/auditlog-exts?page_size=4&q=${encodeURIComponent(`resource=${name}`)}`,
    { as: uaA },
  )
  assert.deepEqual([inOrderOfIds(idsOf(inProject)), inProject.length], [inA, 5])
  const old = await givenEntries(name, times, A.id, 'artifact')
  const older = await walk(
    `/projects/${A.name}/logs?page_size=7&sort=op_time&q=${encodeURIComponent(`resource=${name}`)}`,
    { as: uaA },
  )
  assert.deepEqual(inOrderOfIds(idsOf(older)), old)
  expectAnswer(
    await callApi(marina, 'GET', `/projects/${A.name}/logs?after=${writePosition(2, { micros: 1, id: 1 })}`, {
      as: uaB,
    }),
    403,
    'FORBIDDEN',
  )
})

test('beyond a million entries there are pages by position, but none by number', async () => {
  const name = fresh('deep')
  await givenEntries(name, times)
  const [, , edge] = await db.rows<{ id: number; micros: number }>(
    sql`select id, (extract(epoch from occurred_at) * 1000000)::bigint as micros from audit_log
      where resource = ${name} order by occurred_at desc, id desc`,
  )
  assert.match(
    expectAnswer(
      await callApi(marina, 'GET', about(name, '&page_size=5&page=200002'), { as: admin }),
      400,
      'BAD_REQUEST',
    ).text,
    /pages end at entry 1000000/,
  )
  const page = await read(about(name, `&page_size=5&page=200002&after=${writePosition(200_002, edge!)}`))
  assert.deepEqual(
    page.ids,
    (
      await db.rows<{ id: number }>(
        sql`select id from audit_log where resource = ${name} order by occurred_at desc, id desc offset 3 limit 5`,
      )
    ).map(({ id }) => id),
  )
  assert.deepEqual(asks(page.next), { page: '200003', page_size: '5', by: 'after' })
  assert.deepEqual(asks(page.prev), { page: '200001', page_size: '5', by: 'before' })
  assert.equal((await read(page.next!)).ids.length, 5)
  assert.equal((await read(page.prev!)).ids.length, 3)
})

test('a page by position costs the same at any depth: the index finds it, and only its entries are read', async () => {
  const count = 60_000
  const months = Array.from({ length: 6 }, (_, month) => new Date(Date.UTC(2024, month, 15)))
  await makeMonths(db, months)
  await db.run(sql`
    insert into audit_log (id, occurred_at, actor_kind, username, project_id,
      resource_type, resource, operation, description, is_success)
    select 20000000 + n, timestamptz '2024-01-01 00:00:00Z' + n * interval '4 minutes', 'system', 'test',
      case when n % 10 > 0 then ${A.id}::bigint + 1000 + n % 20 end, 'label', 'many', 'create', '', true
    from generate_series(1, ${count}) n`)
  await db.run(sql`analyze audit_log`)
  const client = await db.connect()
  const costOf = async (scope: Scope, query: KeysetQuery) => {
    const { text, values } = pageStatement(
      scope,
      everything,
      keyset(auditExtFields, { page_size: 50, q: 'resource=many', ...query }, auditKey),
    )
    // Prepared like Marina's own statements, so that the plan is made without knowing the values.
    await client.query(`prepare paged as ${text}`)
    const literals = values
      .map((value) => client.escapeLiteral(Array.isArray(value) ? `{${value.join(',')}}` : String(value)))
      .join(', ')
    const {
      rows: [row],
    } = await client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
      `explain (analyze, buffers, format json) execute paged(${literals})`,
    )
    await client.query('deallocate paged')
    const { Plan: plan } = row!['QUERY PLAN'][0]
    return { buffers: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'], whole: wholeTables(plan) }
  }
  try {
    const at = (part: number) =>
      writePosition(2, { micros: (Date.UTC(2024, 0, 1) + part * count * 240_000) * 1000, id: 1 })
    for (const scope of ['all', 'projects', { projectIds: [A.id + 1003] }] satisfies Scope[]) {
      for (const sort of ['op_time', '-op_time']) {
        for (const query of [{ after: at(0.9) }, { after: at(0.5) }, { after: at(0.1) }, { before: at(0.5) }]) {
          const { buffers, whole } = await costOf(scope, { sort, ...query })
          // An entry takes three or four buffers; the whole log has thousands.
          assert.ok(buffers < 51 * 8, `${JSON.stringify({ scope, sort, ...query })} reads ${buffers} buffers`)
          assert.deepEqual(whole, [])
        }
      }
    }
    const byOffset = await costOf('all', { page: count / 50 })
    assert.ok(
      byOffset.buffers > 51 * 8,
      `a page by offset reads only ${byOffset.buffers} buffers: this test could not fail`,
    )
  } finally {
    await client.end()
  }
})

type Plan = {
  'Node Type': string
  'Actual Loops': number
  'Actual Rows': number
  'Relation Name'?: string
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
  Plans?: Plan[]
}
/** The tables of which the plan read every row and returned more than a page. */
const wholeTables = (plan: Plan): string[] => [
  ...(plan['Node Type'] === 'Seq Scan' && plan['Actual Loops'] > 0 && plan['Actual Rows'] > 51
    ? [plan['Relation Name']!]
    : []),
  ...(plan.Plans ?? []).flatMap(wholeTables),
]

test('the OpenAPI document names the parameters of positions', async () => {
  const { paths } = (await marina.ask('GET', '/api/v2.0/openapi.json')).json() as {
    paths: Record<string, { get?: { parameters: { name: string }[] } }>
  }
  for (const path of [
    '/audit-logs',
    '/auditlog-exts',
    '/projects/{project_name}/logs',
    '/projects/{project_name}/auditlog-exts',
  ]) {
    const names = paths[path]!.get!.parameters.map(({ name }) => name)
    for (const name of ['page', 'page_size', 'sort', 'q', 'after', 'before'])
      assert.ok(names.includes(name), `${path}: ${name}`)
  }
})

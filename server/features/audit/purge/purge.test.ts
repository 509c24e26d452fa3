import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from '../../../platform/db/sql.ts'
import { emit } from '../../../platform/events/emit.ts'
import { callApi, factsSince, lastFact, type CallOptions } from '../../../testing/api.ts'
import { fresh } from '../../../testing/given.ts'
import { eventually, expectAnswer } from '../../../testing/http.ts'
import { openTestMarina } from '../../../testing/server.ts'
import { purgeHandler } from './jobs.ts'
import { purgePage } from './store.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())
const {
  admin,
  ground: { db },
} = marina
const path = '/system/purgeaudit'
const call = (method: string, where: string, options: CallOptions = {}) =>
  callApi(marina, method, where, { as: admin, ...options })
const hour = 3_600_000

/** Makes past entries, one for each age in hours. */
async function givenEntries(name: string, ages: number[], topic = 'label.created'): Promise<void> {
  const before = (await agesOf(name)).length
  await db.transaction(async (tx) => {
    for (const age of ages) {
      const [repository, tag] = name.split(':')
      await emit(tx, [{ topic, payload: { name, labelId: 1, projectId: null, ...(tag ? { repository, tag } : {}) } }])
      await tx.run(
        sql`update outbox set occurred_at = ${new Date(Date.now() - age * hour)}
          where id = (select max(id) from outbox)`,
      )
    }
  })
  await eventually(async () => assert.equal((await agesOf(name)).length, before + ages.length))
}

/** The ages of the entries of a name in whole hours, the youngest first. */
const agesOf = async (name: string) =>
  (
    await db.rows<{ hours: number }>(
      sql`select round(extract(epoch from now() - occurred_at) / 3600)::int as hours from audit_log
        where resource = ${name} order by occurred_at desc`,
    )
  ).map(({ hours }) => hours)

type History = { id: number; job_status: string; job_kind: string; job_parameters: string }
async function run(parameters: object): Promise<{ id: number; parameters: Record<string, unknown>; log: string }> {
  const { headers } = expectAnswer(
    await call('POST', `${path}/schedule`, { body: { schedule: { type: 'Manual' }, parameters } }),
    201,
  )
  const where = headers.location!.replace('/api/v2.0', '')
  const ended = await eventually(async () => {
    const found = expectAnswer(await call('GET', where), 200).json() as History
    assert.equal(found.job_status, 'Success')
    return found
  })
  return {
    id: ended.id,
    parameters: JSON.parse(ended.job_parameters) as Record<string, unknown>,
    log: expectAnswer(await call('GET', `${where}/log`), 200).text,
  }
}

test('a purge removes old entries of the named types, and a dry run only counts them; both write facts', async () => {
  const [made, changed] = [fresh('made'), fresh('changed')]
  await givenEntries(made, [1, 30, 2000])
  await givenEntries(changed, [30], 'label.updated')
  const since = await lastFact(marina)
  const wanted = { audit_retention_hour: 24, include_event_types: 'create_label' }
  const dry = await run({ ...wanted, dry_run: true })
  assert.deepEqual([dry.parameters.removed, await agesOf(made)], [2, [1, 30, 2000]])
  assert.match(dry.log, /2 entries would be removed/)
  const real = await run(wanted)
  assert.deepEqual([real.parameters.removed, await agesOf(made), await agesOf(changed)], [2, [1], [30]])
  assert.match(real.log, /2 entries removed/)
  const facts = (await factsSince(marina, since)).map(({ topic, payload }) => [topic, payload.executionId])
  assert.deepEqual(facts, [
    ['audit-purge.asked', dry.id],
    ['audit-purge.asked', real.id],
    ['audit-log.purged', real.id],
  ])
  const history = expectAnswer(await call('GET', path), 200).json() as History[]
  assert.deepEqual(
    history.map(({ id, job_kind: kind }) => [id, kind]),
    [
      [real.id, 'MANUAL'],
      [dry.id, 'MANUAL'],
    ],
  )
  const found = expectAnswer(
    await call('GET', `${path}?q=${encodeURIComponent(encodeURIComponent(`id=~${real.id}`))}`),
    200,
  ).json() as History[]
  assert.deepEqual(
    found.map(({ id }) => id),
    [real.id],
    "as Harbor's portal filters by id",
  )
})

test("Harbor's type `other` is taken, shown as given, and holds before the operations of older clients", async () => {
  const [label, pulled] = [fresh('label'), `${fresh('pulled')}:v1`]
  await givenEntries(label, [900])
  await givenEntries(pulled, [900], 'artifact.pulled')
  const given = { audit_retention_hour: 800, include_event_types: 'delete_artifact,other' }
  const { parameters } = await run({ ...given, include_operations: 'create,delete,pull' })
  assert.deepEqual(
    [parameters.include_event_types, await agesOf(label), await agesOf(pulled)],
    [given.include_event_types, [], [900]],
  )
  assert.match(
    (await run({ ...given, include_event_types: 'create_artifact,delete_artifact,pull_artifact,other', dry_run: true }))
      .log,
    /counting all entries/,
  )
})

test('a purge of all types drops the tables of whole months, which are made again when needed', async () => {
  const name = fresh('old')
  await givenEntries(name, [1, 24 * 70, 24 * 400])
  const months = async () =>
    (await db.rows<{ name: string }>(sql`select relid::text as name from pg_partition_tree('audit_log') where isleaf`))
      .length
  const before = await months()
  const { log } = await run({ audit_retention_hour: 48, include_event_types: '*' })
  assert.match(log, /audit_log_\d{4}_\d{2} dropped with 1 entries/)
  assert.deepEqual([(await months()) <= before - 2, await agesOf(name)], [true, [1]])
  await givenEntries(name, [24 * 400])
  assert.deepEqual(await agesOf(name), [1, 24 * 400])
})

test('a purge that is stopped halfway logs how many entries it had removed', async () => {
  const name = fresh('half')
  await givenEntries(name, [24 * 100, 24 * 200])
  const countOld = async () =>
    (await db.row<{ count: number }>(
      sql`select count(*) from audit_log where occurred_at < now() - interval '48 hours'`,
    ))!.count
  const before = await countOld()
  const [stopping, lines, since] = [new AbortController(), [] as string[], await lastFact(marina)]
  const job = {
    params: { audit_retention_hour: 48, include_event_types: '*', dry_run: false },
    taskId: 0,
    executionId: 7,
    vendorId: 0,
    trigger: 'MANUAL',
    attempt: 1,
    earlier: {},
    signal: stopping.signal,
    keep: async () => {},
  } as const
  await assert.rejects(
    purgeHandler(db, new Map()).run({
      ...job,
      log: (line) => lines.push(line),
      progress: () => stopping.abort(new Error('stopped')),
    }),
    /stopped/,
  )
  const [fact] = (await factsSince(marina, since)).filter(({ topic }) => topic === 'audit-log.purged')
  const left = await countOld()
  assert.ok(left > 0 && left < before)
  assert.deepEqual([fact!.payload['executionId'], fact!.payload['removed']], [7, before - left])
  assert.equal(lines.at(-1), `${before - left} entries removed until it ended early`)
})

test('each page of a purge begins where the last one ended, whichever entries that one left', async () => {
  const name = fresh('paged')
  await givenEntries(
    name,
    Array.from({ length: 25 }, (_, n) => 100 + n),
    'label.updated',
  )
  await givenEntries(name, [99.5, 110.5, 120.5])
  let [pages, gone] = [0, 0]
  for (let from: { at: string; id: number } | undefined = { at: '-infinity', id: 0 }; from; pages++) {
    const page: Awaited<ReturnType<typeof purgePage>> = await purgePage(db, {
      after: from,
      before: new Date(),
      types: ['create_label'],
      limit: 4,
      isDryRun: false,
    })
    ;[from, gone] = [page.next, gone + page.count]
  }
  assert.ok(pages >= 7 && gone >= 3)
  assert.equal((await agesOf(name)).length, 25)
})

test('a retried purge counts on from the earlier try, and logs its count when it is cut short', async () => {
  const [name, log, told] = [fresh('again'), [] as string[], [] as number[]]
  await givenEntries(name, [24 * 500, 500, 501])
  const run = (signal: AbortSignal) =>
    purgeHandler(db, new Map()).run({
      params: { audit_retention_hour: 200, include_event_types: '*', dry_run: false },
      taskId: 1,
      executionId: 1,
      vendorId: -1,
      trigger: 'MANUAL',
      attempt: 2,
      earlier: { removed: 5 },
      signal,
      log: (line) => void log.push(line),
      progress: ({ removed }) => void told.push(removed as number),
      keep: () => Promise.resolve(),
    })
  await assert.rejects(run(AbortSignal.abort(new Error('stopped'))), /stopped/)
  assert.equal(log.at(-1), '5 entries removed until it ended early')
  const { removed } = (await run(new AbortController().signal))!.attrs as { removed: number }
  assert.ok(removed >= 8, String(removed))
  assert.deepEqual([told[0]! > 5, told.at(-1), log.at(-1)], [true, removed, `${removed} entries removed`])
  assert.deepEqual(
    told,
    told.toSorted((one, other) => one - other),
  )
})

test('a purge can be scheduled, changed and unscheduled, and without types it removes nothing', async () => {
  const body = {
    schedule: { type: 'Daily' },
    parameters: { audit_retention_hour: 168, include_event_types: 'pull_artifact,delete_artifact' },
  }
  assert.deepEqual(expectAnswer(await call('GET', `${path}/schedule`), 200).json(), {})
  expectAnswer(await call('POST', `${path}/schedule`, { body }), 201)
  expectAnswer(await call('POST', `${path}/schedule`, { body }), 201)
  expectAnswer(
    await call('PUT', `${path}/schedule`, { body: { ...body, schedule: { type: 'Custom', cron: '0 30 3 * * *' } } }),
    200,
  )
  const shown = expectAnswer(await call('GET', `${path}/schedule`), 200).json() as History & {
    schedule: { cron: string }
  }
  assert.deepEqual(
    [shown.schedule.cron, JSON.parse(shown.job_parameters)],
    ['0 30 3 * * *', { ...body.parameters, dry_run: false }],
  )
  expectAnswer(await call('PUT', `${path}/schedule`, { body: { schedule: { type: 'None' } } }), 200)
  assert.deepEqual(expectAnswer(await call('GET', `${path}/schedule`), 200).json(), {})
  const name = fresh('kept')
  await givenEntries(name, [500])
  assert.equal((await run({ audit_retention_hour: 1 })).parameters.removed, 0)
  assert.equal((await agesOf(name)).length, 1)
  // Clients of Harbor before 2.13 name operations.
  assert.ok(
    String(
      (await run({ audit_retention_hour: 1, include_operations: 'create', dry_run: true })).parameters
        .include_event_types,
    ).includes('create_label'),
  )
})

test('a purge with wrong parameters is refused, and no fact is written', async () => {
  const since = await lastFact(marina)
  const wrong = [
    {},
    { audit_retention_hour: 0 },
    { audit_retention_hour: '24' },
    { audit_retention_hour: 240_001 },
    { audit_retention_hour: 24, dry_run: 'yes' },
    { audit_retention_hour: 24, include_event_types: 'create_dream' },
    { audit_retention_hour: 24, include_event_types: ['x'] },
  ]
  for (const parameters of wrong)
    expectAnswer(
      await call('POST', `${path}/schedule`, { body: { schedule: { type: 'Manual' }, parameters } }),
      400,
      'BAD_REQUEST',
    )
  for (const [method, where] of [
    ['GET', ''],
    ['PUT', ''],
    ['GET', '/log'],
  ] as const)
    expectAnswer(await call(method, `${path}/999999999${where}`), 404, 'NOT_FOUND')
  assert.deepEqual(await factsSince(marina, since), [])
})

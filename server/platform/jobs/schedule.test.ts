import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../../testing/http.ts'
import { openTestMarina } from '../../testing/server.ts'
import { sql } from '../db/sql.ts'
import { openLog } from '../observe/log.ts'
import { enqueue } from './enqueue.ts'
import {
  dropSchedule,
  ensureSchedule,
  findSchedule,
  fireDue,
  listSchedules,
  saveSchedule,
  scheduleOrder,
  scheduler,
  skipMissed,
} from './schedule.ts'
import { pauseQueue, resumeQueue } from './stop.ts'
import { handler, jobType } from './type.ts'
import { openWorkers } from './workers.ts'

const marina = await openTestMarina({ MARINA_WORKERS: 'none' })
after(() => marina[Symbol.asyncDispose]())
const { db } = marina.ground

const type = jobType({ name: 'CHORE' })
const types = new Map([['CHORE', type]])
const countFired = async (vendorId: number) =>
  (await db.row<{ count: number }>(
    sql`
      select count(*) from execution
      where vendor_type = 'CHORE' and vendor_id = ${vendorId} and trigger = 'SCHEDULE'`,
  ))!.count
const save = (vendorId: number, cron = '0 0 * * * *', on = type) =>
  db.transaction((tx) =>
    saveSchedule(tx, on, { vendorType: on.name, vendorId, cronType: 'Custom', cron, params: { of: vendorId } }),
  )
const makeDue = (vendorId: number, ago = '1 second') =>
  db.run(sql`update schedule set next_at = clock_timestamp() - ${ago}::interval where vendor_id = ${vendorId}`)

test('a due schedule fires once, however many processes look, with its parameters', async () => {
  await save(1)
  await fireDue(db, types)
  assert.equal(await countFired(1), 0)
  await makeDue(1)
  await Promise.all(Array.from({ length: 8 }, () => fireDue(db, types)))
  assert.equal(await countFired(1), 1)
  assert.deepEqual(
    (await db.row<{ params: unknown }>(sql`select params from task where job_type = 'CHORE' order by id desc limit 1`))!
      .params,
    { of: 1 },
  )
  const { nextAt } = (await findSchedule(db, 'CHORE', 1))!
  assert.ok(nextAt.getTime() > Date.now() && nextAt.getMinutes() === 0)
})

test('a schedule that was missed for days fires once, not once for each time', async () => {
  await save(2)
  await makeDue(2, '5 days')
  for (let index = 0; index < 5; index++) await fireDue(db, types)
  assert.equal(await countFired(2), 1)
})

test('paused schedules do not fire, and times missed meanwhile are skipped', async () => {
  await save(3)
  await db.transaction((tx) => pauseQueue(tx, scheduler))
  await makeDue(3)
  await fireDue(db, types)
  assert.equal(await countFired(3), 0)
  await db.transaction(async (tx) => {
    await skipMissed(tx)
    await resumeQueue(tx, scheduler)
  })
  await fireDue(db, types)
  assert.equal(await countFired(3), 0)
  await makeDue(3)
  await fireDue(db, types)
  assert.equal(await countFired(3), 1)
})

test('a schedule skips its turn while its single job has not ended', async () => {
  const single = jobType({ name: 'SOLO', isSingle: true })
  await save(4, '0 0 0 * * *', single)
  await db.transaction((tx) => enqueue(tx, single, { params: {}, trigger: 'MANUAL', vendorId: 4 }))
  await makeDue(4)
  assert.equal((await fireDue(db, new Map([['SOLO', single]]))).fired, 1)
  assert.equal(
    (await db.row<{ count: number }>(sql`select count(*) from execution where vendor_type = 'SOLO'`))!.count,
    1,
  )
})

test('a due schedule of an unknown type waits for a process that knows the type', async () => {
  await save(5, '0 0 0 * * *', jobType({ name: 'NEWER' }))
  await makeDue(5)
  assert.equal((await fireDue(db, types)).fired, 0)
  assert.ok((await findSchedule(db, 'NEWER', 5))!.nextAt.getTime() < Date.now())
})

test('a vendor has one schedule: saving changes it, ensuring keeps it, and dropping removes it', async () => {
  const id = await save(6)
  assert.equal(await save(6, '0 30 2 * * *'), id)
  await ensureSchedule(db, type, { vendorId: 6, cronType: 'Daily', cron: '0 0 0 * * *', params: {} })
  assert.equal((await findSchedule(db, 'CHORE', 6))!.cron, '0 30 2 * * *')
  const { rows } = await listSchedules(db, { order: scheduleOrder, limit: 100, offset: 0 })
  assert.ok(rows.some((one) => one.id === id))
  assert.equal(await db.transaction((tx) => dropSchedule(tx, 'CHORE', 6)), true)
  assert.equal(await findSchedule(db, 'CHORE', 6), undefined)
})

test('F28: workers fire schedules on time, by the clock of the database', async () => {
  const ran: number[] = []
  const log = openLog({ level: 'silent', format: 'json' })
  await using _workers = await openWorkers({
    db,
    handlers: [handler(type, async ({ vendorId }) => void (vendorId === 7 && ran.push(performance.now())))],
    log,
    concurrency: 2,
    leaseMs: 20_000,
    logBytes: 4096,
    drainMs: 100,
  })
  // The workers look every five seconds, or when the next schedule is due; this one is set between two looks.
  await save(7)
  await db.run(sql`update schedule set next_at = clock_timestamp() + interval '1 second' where vendor_id = 7`)
  await eventually(() => assert.equal(ran.length, 1))
  await sleep(300)
  assert.equal(ran.length, 1)
})

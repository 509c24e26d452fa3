import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from '../../platform/db/sql.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import { saveSchedule } from '../../platform/jobs/schedule.ts'
import { handler, jobType } from '../../platform/jobs/type.ts'
import { openWorkers } from '../../platform/jobs/workers.ts'
import { openLog } from '../../platform/observe/log.ts'
import { callApi, factsSince, lastFact } from '../../testing/api.ts'
import { givenUser } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { openTestMarina } from '../../testing/server.ts'

const marina = await openTestMarina({ MARINA_WORKERS: 'none' })
after(() => marina[Symbol.asyncDispose]())
const {
  admin,
  ground: { db },
} = marina
const log = openLog({ level: 'silent', format: 'json' })

const hang = jobType({ name: 'HANG' })
const api = (method: string, path: string, body?: unknown, as = admin) => callApi(marina, method, path, { as, body })
const ask = () => db.transaction((tx) => enqueue(tx, hang, { params: {}, trigger: 'MANUAL' }))
const open = () =>
  openWorkers({
    db,
    log,
    concurrency: 3,
    leaseMs: 5000,
    logBytes: 4096,
    drainMs: 50,
    handlers: [
      handler(hang, async ({ signal, log: say, progress }) => {
        say('began')
        progress({ done: 1 })
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
      }),
    ],
  })

type Queue = { job_type: string; count: number; latency: number; paused: boolean }
type Worker = { id: string; pool_id: string; job_id?: string; job_name?: string; start_at?: string }
const queue = async (name: string) =>
  (expectAnswer(await api('GET', '/jobservice/queues'), 200).json() as Queue[]).find((one) => one.job_type === name)
const workersOf = async (pool: string) =>
  expectAnswer(await api('GET', `/jobservice/pools/${pool}/workers`), 200).json() as Worker[]

test('pools and workers show what runs where, and a stopped job leaves its worker within seconds', async () => {
  // A start sets the heartbeat of killed processes to the epoch, so that their pools are no longer shown.
  await db.run(
    sql`insert into worker_pool (id, pid, host, concurrency, heartbeat_at) values ('gone', 1, 'here', 3, 'epoch')`,
  )
  assert.deepEqual(expectAnswer(await api('GET', '/jobservice/pools'), 200).json(), [])
  assert.deepEqual(await workersOf('all'), [])
  const { taskId } = await ask()
  await using workers = await open()
  const [pool] = expectAnswer(await api('GET', '/jobservice/pools'), 200).json() as {
    worker_pool_id: string
    pid: number
    concurrency: number
    host: string
    heartbeat_at: string
  }[]
  assert.deepEqual([pool!.worker_pool_id, pool!.pid, pool!.concurrency], [workers.poolId, process.pid, 3])
  const busy = await eventually(async () => {
    const all = await workersOf(workers.poolId)
    assert.deepEqual(
      [all.length, all[0]!.job_id, all[0]!.job_name, all[1]!.job_id],
      [3, String(taskId), 'HANG', undefined],
    )
    return all
  })
  assert.deepEqual(
    (await workersOf('all')).map(({ id }) => id),
    busy.map(({ id }) => id),
  )
  expectAnswer(await api('GET', '/jobservice/pools/none/workers'), 404, 'NOT_FOUND')
  await eventually(async () =>
    assert.match(expectAnswer(await api('GET', `/jobservice/jobs/${taskId}/log`), 200).text, /\[INFO\] began\n/),
  )

  const since = await lastFact(marina)
  expectAnswer(await api('PUT', `/jobservice/jobs/${taskId}`), 200)
  await eventually(async () => assert.equal((await workersOf('all'))[0]!.job_id, undefined))
  const { headers, text } = expectAnswer(await api('GET', `/jobservice/jobs/${taskId}/log`), 200)
  assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
  assert.match(text, /\[INFO\] stopped\n$/)
  assert.deepEqual(
    (await factsSince(marina, since)).map(({ topic, payload }) => [topic, payload['taskId'], payload['jobType']]),
    [['job.stopped', taskId, 'HANG']],
  )
  // Stopping a job that has ended changes nothing.
  expectAnswer(await api('PUT', `/jobservice/jobs/${taskId}`), 200)
  assert.equal((await factsSince(marina, since)).length, 1)
})

test('all running jobs are stopped together, and those that wait stay', async () => {
  const first = [await ask(), await ask(), await ask()]
  await using _workers = await open()
  const ids = async () => (await workersOf('all')).flatMap(({ job_id: id }) => (id ? [Number(id)] : []))
  await eventually(async () =>
    assert.deepEqual(
      await ids(),
      first.map(({ taskId }) => taskId),
    ),
  )
  const waiting = await ask()
  expectAnswer(await api('PUT', '/jobservice/jobs/ALL'), 200)
  await eventually(async () => assert.deepEqual(await ids(), [waiting.taskId]))
  expectAnswer(await api('PUT', '/jobservice/jobs/all'), 200)
})

test('a queue shows its pending jobs, can be paused and resumed, and can be cleared', async () => {
  const since = await lastFact(marina)
  assert.deepEqual(await queue('EXECUTION_SWEEP'), { job_type: 'EXECUTION_SWEEP', paused: false })
  await ask()
  await ask()
  assert.equal((await queue('HANG'))!.count, 2)
  expectAnswer(await api('PUT', '/jobservice/queues/hang', { action: 'pause' }), 200)
  assert.equal((await queue('HANG'))!.paused, true)
  expectAnswer(await api('PUT', '/jobservice/queues/HANG', { action: 'stop' }), 200)
  assert.deepEqual(await queue('HANG'), { job_type: 'HANG', paused: true })
  expectAnswer(await api('PUT', '/jobservice/queues/HANG', { action: 'resume' }), 200)
  assert.equal(await queue('HANG'), undefined, 'unknown to this process, empty and not paused')
  assert.deepEqual(
    (await factsSince(marina, since)).map(({ topic, payload }) => [topic, payload['jobType']]),
    [
      ['queue.paused', 'HANG'],
      ['queue.cleared', 'HANG'],
      ['queue.resumed', 'HANG'],
    ],
  )
})

test('a request for an unknown job, queue or action is refused and changes nothing', async () => {
  const since = await lastFact(marina)
  for (const [method, path, body, status] of [
    ['PUT', '/jobservice/queues/NO_SUCH', { action: 'pause' }, 404],
    ['PUT', '/jobservice/queues/all', { action: 'explode' }, 422],
    ['PUT', '/jobservice/queues/all', {}, 400],
    ['PUT', '/jobservice/jobs/999999999', undefined, 200],
    ['PUT', '/jobservice/jobs/966a49aa2278b67d743f8aca', undefined, 200],
    ['GET', '/jobservice/jobs/99999999999999999999/log', undefined, 404],
    ['GET', '/schedules/GARBAGE_COLLECTION/paused', undefined, 400],
  ] as const) {
    assert.equal((await api(method, path, body)).status, status, `${method} ${path}`)
  }
  assert.deepEqual(await factsSince(marina, since), [])
})

test('all schedules are listed, and paused and resumed as the queue SCHEDULER', async () => {
  const user = await givenUser(marina)
  const id = await db.transaction((tx) =>
    saveSchedule(tx, hang, { vendorId: 5, cronType: 'Custom', cron: '0 30 2 * * *', params: {} }),
  )
  const answer = expectAnswer(await api('GET', '/schedules?page_size=100'), 200)
  const all = answer.json() as { id: number; vendor_type: string; vendor_id: number; cron: string }[]
  assert.equal(answer.headers['x-total-count'], String(all.length))
  assert.deepEqual(
    all.filter((one) => one.id === id).map(({ vendor_type: type, vendor_id: vendor, cron }) => [type, vendor, cron]),
    [['HANG', 5, '0 30 2 * * *']],
  )

  const paused = async () =>
    (
      expectAnswer(await callApi(marina, 'GET', '/schedules/all/paused', { as: user }), 200).json() as {
        paused: boolean
      }
    ).paused
  assert.equal(await paused(), false)
  expectAnswer(await api('PUT', '/jobservice/queues/SCHEDULER', { action: 'pause' }), 200)
  assert.deepEqual([await paused(), (await queue('SCHEDULER'))!.paused], [true, true])
  expectAnswer(await api('PUT', '/jobservice/queues/all', { action: 'resume' }), 200)
  assert.equal(await paused(), false)
})

type Run = {
  id: number
  vendor_type: string
  status: string
  status_message: string
  job_id: string
  end_time?: string
}

test('runs of all kinds are listed and filtered, and those that failed lately are counted by kind', async () => {
  const [broken, fine] = [jobType({ name: 'BROKEN', maxTries: 1 }), jobType({ name: 'FINE' })]
  const ids = await db.transaction(async (tx) => {
    const asked: number[] = []
    for (const type of [broken, fine, broken])
      asked.push((await enqueue(tx, type, { params: { key: 'secret' }, trigger: 'MANUAL' })).executionId)
    return asked
  })
  const handlers = [
    handler(broken, () => Promise.reject(new Error('the disk is on fire'))),
    handler(fine, () => Promise.resolve({})),
  ]
  await using _workers = await openWorkers({
    db,
    log,
    concurrency: 3,
    leaseMs: 5000,
    logBytes: 4096,
    drainMs: 50,
    handlers,
  })
  const list = async (query: string) => {
    const answer = expectAnswer(await api('GET', `/jobservice/executions?page_size=100&${query}`), 200)
    return { rows: answer.json() as Run[], total: Number(answer.headers['x-total-count']), text: answer.text }
  }
  const failed = await eventually(async () => {
    const { rows, total } = await list('q=vendor_type%3DBROKEN%2Cstatus%3DError')
    // Rows and total are read by two statements, between which a job may end.
    assert.deepEqual([rows.length, total], [2, 2])
    return rows
  })
  assert.deepEqual(
    failed.map(({ id }) => id),
    [ids[2], ids[0]],
    'the latest first',
  )
  assert.match(failed[0]!.status_message, /the disk is on fire/)
  assert.ok(failed[0]!.end_time)
  assert.match(
    expectAnswer(await api('GET', `/jobservice/jobs/${failed[0]!.job_id}/log`), 200).text,
    /the disk is on fire/,
  )
  await eventually(async () => assert.equal((await list('q=vendor_type%3DFINE')).rows[0]!.status, 'Success'))
  const all = await list('')
  assert.deepEqual(
    ids.filter((id) => !all.rows.some((one) => one.id === id)),
    [],
  )
  assert.doesNotMatch(all.text, /secret/, 'what a job was asked is a matter of its kind')
  assert.deepEqual((await list('page=2')).rows, [])

  const countsOf = async (days: number) =>
    (
      expectAnswer(await api('GET', `/jobservice/failures?days=${days}`), 200).json() as {
        vendor_type: string
        count: number
      }[]
    )
      .filter(({ vendor_type: type }) => type === 'BROKEN' || type === 'FINE')
      .map(({ vendor_type: type, count }) => [type, count])
  assert.deepEqual(await countsOf(1), [['BROKEN', 2]])
  await db.run(sql`update execution set ended_at = ended_at - interval '3 days' where id = ${ids[0]!}`)
  assert.deepEqual([await countsOf(1), await countsOf(7)], [[['BROKEN', 1]], [['BROKEN', 2]]])
  const user = await givenUser(marina)
  for (const path of ['executions', 'failures'])
    expectAnswer(await api('GET', `/jobservice/${path}`, undefined, user), 403, 'FORBIDDEN')
  expectAnswer(await api('GET', '/jobservice/executions?q=extra_attrs%3Dx'), 400, 'BAD_REQUEST')
})

import assert from 'node:assert/strict'
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { Digest } from '../../../oci/digest.ts'
import { blobPath } from '../../catalog/blob.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import { callApi, create, factsSince, givenRobot, lastFact } from '../../testing/api.ts'
import { findDisagreements, fresh, givenUser, pushBlob, pushImage } from '../../testing/given.ts'
import { eventually, expectAnswer } from '../../testing/http.ts'
import { openS3Server, s3Settings } from '../../testing/s3.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'

type Run = {
  id: number
  job_status: string
  job_parameters: string
  job_kind: string
  job_name: string
  schedule: { type: string }
}
import { collect } from './index.ts'
import { collection } from './jobs.ts'

suite('the API of the garbage collection', () => {
  let marina: TestMarina
  before(
    async () =>
      void (marina = await openTestMarina({
        MARINA_COLLECT_DELAY: '0s',
        MARINA_UNDELETE_WINDOW: '0s',
        MARINA_WORKER_CONCURRENCY: '2',
      })),
  )
  after(() => marina[Symbol.asyncDispose]())

  const call = (method: string, path: string, body?: unknown) =>
    callApi(marina, method, `/system/gc${path}`, { as: marina.admin, ...(body === undefined ? {} : { body }) })
  const now = (parameters: Record<string, unknown> = {}) => ({ schedule: { type: 'Manual' }, parameters })
  const get = async (id: number) => expectAnswer(await call('GET', `/${id}`), 200).json() as Run
  const ended = (id: number) =>
    eventually(async () => {
      const run = await get(id)
      assert.ok(['Success', 'Error', 'Stopped'].includes(run.job_status), run.job_status)
      return run
    })
  const runNow = async (parameters: Record<string, unknown> = {}) =>
    ended(await create(marina, '/system/gc/schedule', marina.admin, now(parameters)))

  test('a manual run frees deleted blobs and reports it in history, attributes, log and facts', async () => {
    const repository = `library/${fresh('r')}`
    const image = await pushImage(marina, repository, { tag: 'gone' })
    expectAnswer(
      await callApi(marina, 'DELETE', `/projects/library/repositories/${repository.slice(8)}`, { as: marina.admin }),
      200,
    )
    const since = await lastFact(marina)
    const dry = await runNow({ dry_run: true, workers: 10 })
    assert.equal(dry.job_status, 'Success')
    assert.ok((await marina.ground.blobs.find(blobPath(image.config))) !== undefined)
    const { freed_space: wouldFree } = JSON.parse(dry.job_parameters) as { freed_space: number }
    const run = await runNow({ delete_untagged: false, redis_url_reg_cache: 'redis://user:canary@host' })
    const attrs = JSON.parse(run.job_parameters) as Record<string, unknown>
    assert.deepEqual(
      [run.job_name, run.job_kind, run.schedule.type, run.job_status],
      ['GARBAGE_COLLECTION', 'MANUAL', 'Manual', 'Success'],
    )
    assert.deepEqual(
      [
        attrs['delete_untagged'],
        attrs['dry_run'],
        attrs['workers'],
        attrs['purged_blobs'],
        attrs['removed_files'],
        attrs['freed_space'],
      ],
      [false, false, 1, 2, 2, wouldFree],
    )
    assert.doesNotMatch(run.job_parameters, /canary/)
    const log = expectAnswer(await call('GET', `/${run.id}/log`), 200)
    assert.match(log.headers['content-type'] ?? '', /^text\/plain/)
    assert.match(log.text, new RegExp(`delete the blob ${image.config}`))
    assert.match(log.text, /2 files removed/)
    const list = expectAnswer(await call('GET', '?page_size=1'), 200)
    assert.equal((list.json() as Run[])[0]!.id, run.id)
    assert.ok(Number(list.headers['x-total-count']) >= 2)
    assert.deepEqual(
      (await factsSince(marina, since)).map(({ topic }) => topic),
      ['collection.asked', 'collection.asked'],
    )
    assert.deepEqual(await findDisagreements(marina), [])
  })

  test('a schedule can be made, shown, replaced and removed; hostile ones are refused', async () => {
    assert.deepEqual(expectAnswer(await call('GET', '/schedule'), 200).json(), {})
    const daily = {
      schedule: { type: 'Daily', cron: '0 0 3 * * *' },
      parameters: { delete_untagged: true, workers: 2 },
    }
    const made = expectAnswer(await call('POST', '/schedule', daily), 201)
    assert.equal(made.headers.location, '/api/v2.0/system/gc/schedule')
    expectAnswer(await call('POST', '/schedule', { ...daily, parameters: {} }), 201)
    expectAnswer(await call('POST', '/schedule', daily), 201)
    const shown = expectAnswer(await call('GET', '/schedule'), 200).json() as Run & {
      schedule: { cron: string; type: string; next_scheduled_time: string }
    }
    assert.deepEqual(
      [shown.schedule.type, shown.schedule.cron, shown.job_kind, shown.job_status],
      ['Daily', '0 0 3 * * *', '0 0 3 * * *', 'Scheduled'],
    )
    assert.deepEqual(JSON.parse(shown.job_parameters), { delete_untagged: true, dry_run: false, workers: 2 })
    expectAnswer(await call('PUT', '/schedule', { ...daily, schedule: { type: 'Weekly', cron: '0 0 4 * * 0' } }), 200)
    for (const body of [
      { schedule: { type: 'Custom', cron: 'x' } },
      {},
      now({ workers: 11 }),
      now({ workers: 0 }),
      now({ dry_run: 'yes' }),
    ]) {
      assert.equal((await call('PUT', '/schedule', body)).status, 400, JSON.stringify(body))
    }
    for (const body of [{ schedule: { type: 'Never' } }, [], { schedule: 'Daily' }])
      expectAnswer(await call('PUT', '/schedule', body), 422, 'UNPROCESSABLE_ENTITY')
    assert.match(
      (await call('PUT', '/schedule', { schedule: { type: 'Never' } })).text,
      /schedule\.type must be one of Hourly, .*, None/,
    )
    assert.match((await call('PUT', '/schedule')).text, /the request needs a body: a JSON object/)
    expectAnswer(await call('POST', '/schedule', { schedule: { type: 'None' } }), 201)
    assert.deepEqual(expectAnswer(await call('GET', '/schedule'), 200).json(), {})
    expectAnswer(await call('POST', '/schedule', daily), 201)
    expectAnswer(await call('PUT', '/schedule', { schedule: { type: 'None' } }), 200)
    assert.deepEqual(expectAnswer(await call('GET', '/schedule'), 200).json(), {})
  })

  test('a run that does not exist is 404, and stopping one that has ended does nothing', async () => {
    for (const [method, path] of [
      ['GET', '/999999'],
      ['GET', '/999999/log'],
      ['PUT', '/999999'],
    ] as const)
      expectAnswer(await call(method, path), 404, 'NOT_FOUND')
    const run = await runNow()
    expectAnswer(await call('PUT', `/${run.id}`), 200)
    assert.equal((await get(run.id)).job_status, 'Success')
  })

  test('F37: a second run is 409 until the first has ended, and the first can be stopped', async () => {
    await using quiet = await openTestMarina({ MARINA_WORKERS: 'none' })
    const id = await create(quiet, '/system/gc/schedule', quiet.admin, now())
    expectAnswer(await callApi(quiet, 'POST', '/system/gc/schedule', { as: quiet.admin, body: now() }), 409, 'CONFLICT')
    expectAnswer(await callApi(quiet, 'PUT', `/system/gc/${id}`, { as: quiet.admin }), 200)
    assert.equal(
      (expectAnswer(await callApi(quiet, 'GET', `/system/gc/${id}`, { as: quiet.admin }), 200).json() as Run)
        .job_status,
      'Stopped',
    )
    await create(quiet, '/system/gc/schedule', quiet.admin, now())
  })

  test('a run shows its progress while it runs and after it is stopped, also within a batch', async () => {
    await using slow = await openTestMarina({
      MARINA_COLLECT_DELAY: '0s',
      MARINA_UNDELETE_WINDOW: '0s',
      MARINA_COLLECT_RATE: '1',
    })
    await givenDead(slow, 20)
    const id = await create(slow, '/system/gc/schedule', slow.admin, now())
    const shown = async (path = `/system/gc/${id}`) =>
      expectAnswer(await callApi(slow, 'GET', path, { as: slow.admin }), 200).json()
    const said = ({ job_parameters: text }: Run) => JSON.parse(text) as Record<string, number>
    const running = await eventually(async () => {
      const one = (await shown()) as Run
      assert.ok(said(one)['removed_files']! > 1, one.job_parameters)
      return one
    })
    assert.equal(running.job_status, 'Running')
    assert.deepEqual([said(running)['estimate'], said(running)['purged_blobs'], said(running)['workers']], [20, 20, 1])
    assert.ok(said(running)['freed_space']! > 0)
    const [listed] = (await shown('/system/gc')) as Run[]
    assert.ok(said(listed!)['removed_files']! >= said(running)['removed_files']!)
    expectAnswer(await callApi(slow, 'PUT', `/system/gc/${id}`, { as: slow.admin }), 200)
    const stopped = await eventually(async () => {
      const one = (await shown()) as Run
      assert.equal(one.job_status, 'Stopped')
      return one
    })
    const files = said(stopped)['removed_files']!
    assert.ok(files >= said(running)['removed_files']! && files < 20, String(files))
    assert.match(
      expectAnswer(await callApi(slow, 'GET', `/system/gc/${id}/log`, { as: slow.admin }), 200).text,
      new RegExp(`cut short; until then .* 20 blobs and ${files} files removed; .*\n.* stopped\n$`),
    )
  })

  test('a scheduled run outside of its time window logs when the window begins', async () => {
    const [now, two] = [new Date(), (hour: number) => String((hour + 24) % 24).padStart(2, '0')]
    const begins = `${two(now.getUTCHours() + 3)}:30`
    await using night = await openTestMarina({ MARINA_COLLECT_WINDOW: `${begins}-${two(now.getUTCHours() + 5)}:00` })
    await night.ground.db.transaction((tx) =>
      enqueue(tx, collection, { params: { delete_untagged: false, dry_run: false, workers: 1 }, trigger: 'SCHEDULE' }),
    )
    await eventually(async () => {
      const [run] = expectAnswer(await callApi(night, 'GET', '/system/gc', { as: night.admin }), 200).json() as Run[]
      assert.deepEqual([run!.job_status, run!.job_kind, run!.schedule.type], ['Success', 'SCHEDULE', 'Schedule'])
      assert.match(
        expectAnswer(await callApi(night, 'GET', `/system/gc/${run!.id}/log`, { as: night.admin }), 200).text,
        new RegExp(`outside of the time window nothing is collected: it begins at ${begins} UTC\n`),
      )
    })
  })

  test('a log that has no room for every blob has room for the result of the run', async () => {
    await using terse = await openTestMarina({
      MARINA_COLLECT_DELAY: '0s',
      MARINA_UNDELETE_WINDOW: '0s',
      MARINA_JOB_LOG_BYTES: '4KiB',
    })
    await givenDead(terse, 40)
    const id = await create(terse, '/system/gc/schedule', terse.admin, now())
    const log = await eventually(async () => {
      const { text } = expectAnswer(await callApi(terse, 'GET', `/system/gc/${id}/log`, { as: terse.admin }), 200)
      assert.match(text, /files removed/)
      return text
    })
    const named = log.split('delete the blob').length - 1
    assert.ok(named > 10 && named < 40, String(named))
    assert.match(
      log,
      /nobody holds it\nthe log ends here: it has reached its limit\n\S+ \[INFO\] .* 40 blobs and 40 files removed;/,
    )
  })

  test('a run that fails shows the counts of all its tries', async () => {
    const [stuck] = await givenDead(marina, 5)
    const file = path.join(marina.config.storage.root!, blobPath(stuck!))
    await rm(file)
    await mkdir(path.join(file, 'not empty'), { recursive: true })
    const run = await runNow()
    assert.equal(run.job_status, 'Error')
    const attrs = JSON.parse(run.job_parameters) as Record<string, unknown>
    assert.deepEqual([attrs['purged_blobs'], attrs['removed_files'], attrs['workers']], [5, 4, 1])
    const log = expectAnswer(await call('GET', `/${run.id}/log`), 200).text
    assert.equal(log.split(/goes on after an earlier try: .* 5 blobs and 4 files removed;/).length, 3)
    await rm(file, { recursive: true })
    assert.equal((await runNow()).job_status, 'Success')
  })

  test('is allowed to administrators, and to robots that hold the right', async () => {
    const robot = await givenRobot(marina, fresh('gc'), {
      access: [{ resource: 'garbage-collection', action: 'list' }],
    })
    expectAnswer(await callApi(marina, 'GET', '/system/gc', { as: robot }), 200)
    expectAnswer(await callApi(marina, 'POST', '/system/gc/schedule', { as: robot, body: now() }), 403, 'FORBIDDEN')
    expectAnswer(await callApi(marina, 'GET', '/system/gc', { as: await givenUser(marina) }), 403, 'FORBIDDEN')
  })
})

/** Makes deleted blobs without a manifest. */
async function givenDead(marina: TestMarina, count: number): Promise<Digest[]> {
  const repository = `library/${fresh('dead')}`
  return Promise.all(
    Array.from({ length: count }, async () => {
      const digest = await pushBlob(marina, repository)
      assert.equal((await marina.ask('DELETE', `/v2/${repository}/blobs/${digest}`, { as: marina.admin })).status, 202)
      return digest
    }),
  )
}

suite('a collection on S3', () => {
  test('frees deleted blobs, and keeps the same bytes when they are pushed again', async () => {
    await using s3 = await openS3Server()
    await using marina = await openTestMarina({ MARINA_WORKERS: 'none', ...s3Settings(s3) })
    const { db, blobs } = marina.ground
    const run = () =>
      collect({
        db,
        blobs,
        gates: { untag: [] },
        by: { kind: 'system', id: null, name: 'test' },
        signal: new AbortController().signal,
        log: () => {},
        progress: () => {},
        options: {
          delayMs: 0,
          keepMs: 0,
          isUntaggedGarbage: false,
          isDryRun: false,
          workers: 2,
          perSecond: 0,
          mayGoOn: () => true,
        },
      })
    const [gone, kept] = [
      await pushImage(marina, 'library/a', { tag: 'gone' }),
      await pushImage(marina, 'library/a', { tag: 'kept' }),
    ]
    const bytes = fresh('the same bytes again')
    const again = await pushBlob(marina, 'library/a', bytes)
    for (const path of [`manifests/${gone.digest}`, `blobs/${again}`])
      assert.equal((await marina.ask('DELETE', `/v2/library/a/${path}`, { as: marina.admin })).status, 202)
    assert.equal((await run()).files, 3)
    await pushBlob(marina, 'library/a', bytes)
    await run()
    assert.deepEqual(
      [await blobs.find(blobPath(gone.config)), (await blobs.find(blobPath(again)))?.size],
      [undefined, bytes.length],
    )
    assert.equal((await marina.ask('GET', `/v2/library/a/blobs/${kept.config}`, { as: marina.admin })).status, 200)
    assert.deepEqual(await findDisagreements(marina), [])
  })
})

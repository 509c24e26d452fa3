import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Static } from 'typebox'
import type { Stats } from '../../../../api/scan-all.ts'
import { factsSince, lastFact } from '../../../testing/api.ts'
import { givenProject, pushImage, pushReferrer } from '../../../testing/given.ts'
import { eventually, expectAnswer, type Answer } from '../../../testing/http.ts'
import { openReceiver } from '../../../testing/receiver.ts'
import { givenScanner } from '../../../testing/reports.ts'
import { openScene } from '../../../testing/scene.ts'
import { pauseQueue, resumeQueue } from '../../../platform/jobs/stop.ts'
import { sql } from '../../../platform/db/sql.ts'

const { marina, rest, cast } = await openScene({ MARINA_OUTBOUND_ALLOW: '127.0.0.1' })
const { admin } = marina
const { db } = marina.ground
const path = '/system/scanAll/schedule'

const metrics = async (kind: 'all' | 'schedule' = 'all') =>
  expectAnswer(await rest('GET', `/scans/${kind}/metrics`, admin), 200).json() as Static<typeof Stats>
const set = (method: 'POST' | 'PUT', schedule: object) => rest(method, path, admin, { schedule })
const messageOf = ({ text }: Answer) => (JSON.parse(text) as { errors: { message: string }[] }).errors[0]!.message
const over = () =>
  eventually(async () => {
    const stats = await metrics()
    assert.equal(stats.ongoing, false)
    return stats
  })

test('without a scanner nothing can be scanned', async () => {
  const text = "no scanner is configured, it's not possible to scan"
  for (const answer of [
    await rest('GET', path, admin),
    await set('POST', { type: 'Manual' }),
    await set('POST', { type: 'Daily', cron: '0 0 0 * * *' }),
    await rest('POST', '/system/scanAll/stop', admin),
  ])
    assert.equal(messageOf(expectAnswer(answer, 412, 'PRECONDITION')), text)
  assert.deepEqual(await metrics(), { total: 0, completed: 0, ongoing: false })
})

test('a schedule is made, changed and ended, as in Harbor', async () => {
  await givenScanner(marina)
  const read = async () => expectAnswer(await rest('GET', path, admin), 200).json() as { schedule?: { type: string } }
  assert.deepEqual(await read(), {})
  expectAnswer(await set('POST', { type: 'None' }), 201)
  expectAnswer(await set('POST', { type: 'Daily', cron: '0 0 0 * * *' }), 201)
  assert.equal((await read()).schedule!.type, 'Daily')
  assert.match(
    messageOf(expectAnswer(await set('POST', { type: 'Hourly', cron: '0 0 * * * *' }), 412, 'PRECONDITION')),
    /^fail to set schedule for scan all as always had one/,
  )
  for (const cron of ['nope', '* * * * * *', '0 0 * * *'])
    assert.match(
      messageOf(expectAnswer(await set('PUT', { type: 'Custom', cron }), 400, 'BAD_REQUEST')),
      /^invalid cron string for scheduled scan all: /,
    )
  expectAnswer(await set('PUT', { type: 'Weekly', cron: '0 0 0 * * 0' }), 200)
  assert.equal((await read()).schedule!.type, 'Weekly')
  const manual = expectAnswer(await set('PUT', { type: 'Manual' }), 400, 'BAD_REQUEST')
  assert.match(messageOf(manual), /wrong schedule type: Manual/)
  expectAnswer(await set('PUT', { type: 'nope' }), 422, 'UNPROCESSABLE_ENTITY')
  expectAnswer(await set('PUT', { type: 'None' }), 200)
  assert.deepEqual(await read(), {})
})

test('one run at a time: all images are queued, and a stop ends what waits; webhooks tell of each image', async () => {
  await using receiver = await openReceiver()
  const since = await lastFact(marina)
  await db.transaction((tx) => pauseQueue(tx, 'IMAGE_SCAN'))
  expectAnswer(await rest('POST', '/system/scanAll/stop', admin), 400, 'BAD_REQUEST')
  const project = await givenProject(marina)
  const image = await pushImage(marina, `${project.name}/app`, { tag: 'v1' })
  const other = await pushImage(marina, `${project.name}/app`, { tag: 'v2' })
  const targets = [{ type: 'http', address: receiver.url }]
  const policy = { name: 'stopped', event_types: ['SCANNING_STOPPED'], targets }
  expectAnswer(await rest('POST', `/projects/${project.name}/webhook/policies`, admin, policy), 201)
  await pushReferrer(marina, image.repository, image)
  expectAnswer(await set('POST', { type: 'Manual' }), 201)
  const again = expectAnswer(await set('POST', { type: 'Manual' }), 409, 'CONFLICT')
  assert.equal(messageOf(again), 'a previous scan all job aleady exits, its status is Running')
  const waiting = { Pending: 2, Running: 0, Success: 0, Error: 0, Stopped: 0 }
  await eventually(async () => {
    const stats = { total: 2, completed: 0, metrics: waiting, ongoing: true, trigger: 'Manual' }
    assert.deepEqual(await metrics(), stats)
    const queued = sql`select count(*) from task where job_type = 'IMAGE_SCAN' and status = 'Pending'`
    assert.equal((await db.row<{ count: number }>(queued))!.count, 2)
  })
  expectAnswer(await rest('POST', '/system/scanAll/stop', admin), 202)
  const stopped = { Pending: 0, Running: 0, Success: 0, Error: 0, Stopped: 2 }
  assert.deepEqual((await over()).metrics, stopped)
  expectAnswer(await rest('POST', '/system/scanAll/stop', admin), 202)
  assert.deepEqual(await metrics('schedule'), { total: 0, completed: 0, ongoing: false })
  await db.transaction((tx) => resumeQueue(tx, 'IMAGE_SCAN'))
  const topics = (await factsSince(marina, since)).map(({ topic }) => topic)
  assert.deepEqual(
    topics.filter((topic) => topic.startsWith('scan-all')),
    ['scan-all.requested', 'scan-all.stopped'],
  )
  const told = await eventually(() => {
    assert.equal(receiver.received.length, 2)
    return receiver.received.map(({ body }) => JSON.parse(body) as Hook)
  })
  const shown = told.map(({ type, operator, event_data: { resources, scan } }) => [
    type,
    operator,
    scan.scan_type,
    ...resources.map(({ digest, tag }) => `${tag} ${digest}`),
  ])
  const expected = [`v1 ${image.digest}`, `v2 ${other.digest}`]
  assert.deepEqual(
    shown.map((one) => one.join(' ')).toSorted(),
    expected.map((one) => `SCANNING_STOPPED ${admin.name} vulnerability ${one}`),
  )
})

type Hook = {
  type: string
  operator: string
  event_data: { resources: { digest: string; tag: string }[]; scan: { scan_type: string } }
}

test('only administrators of the system scan everything', async () => {
  for (const who of [cast.uaA, cast.maA]) {
    expectAnswer(await rest('POST', path, who, { schedule: { type: 'Manual' } }), 403, 'FORBIDDEN')
    expectAnswer(await rest('GET', path, who), 403, 'FORBIDDEN')
    expectAnswer(await rest('POST', '/system/scanAll/stop', who), 403, 'FORBIDDEN')
    expectAnswer(await rest('GET', '/scans/all/metrics', who), 403, 'FORBIDDEN')
  }
  expectAnswer(await rest('POST', path, undefined, { schedule: { type: 'Manual' } }), 401, 'UNAUTHORIZED')
})

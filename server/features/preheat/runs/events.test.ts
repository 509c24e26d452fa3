/** Event-based policies: pushes, scans and labels start runs (N-02). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RepositoryName } from '../../../../oci/reference.ts'
import { emit } from '../../../platform/events/emit.ts'
import { sql } from '../../../platform/db/sql.ts'
import { fresh, givenProject, pushImage, pushIndex, type Pushed } from '../../../testing/given.ts'
import { eventually, expectAnswer } from '../../../testing/http.ts'
import { finding, givenReport, givenScanner } from '../../../testing/reports.ts'
import { scanFacts, type ScanEnded } from '../../scanning/index.ts'
import { openPreheatScene, trigger } from '../preheat.suite.ts'

const { marina, service, call, makeReal, makePolicy, list } = await openPreheatScene()
const { db } = marina.ground
const scanner = await givenScanner(marina)

/** A project with an event-based policy; `ran`: the images of its executions that have ended, in turn. */
async function givenEvents(filters: object[], more: object = {}) {
  const { name: project, id } = await givenProject(marina)
  const on = { provider_id: (await makeReal()).id, trigger: trigger('event_based') }
  const policy = await makePolicy({ ...on, filters: JSON.stringify(filters), ...more }, project)
  const jobs = () => service.jobs.filter(({ repository }) => repository.startsWith(`${project}/`))
  const names = () => jobs().map(({ repository, reference }) => `${repository.slice(project.length + 1)}:${reference}`)
  return {
    project,
    projectId: id,
    policy,
    names,
    /** Waits until these and no others were asked for, and nothing is left. `of`: each once, or as often as asked. */
    quiet: (expected: string[], of: 'each' | 'all' = 'all') =>
      eventually(async () => {
        const asked = of === 'all' ? names() : [...new Set(names())]
        assert.deepEqual(asked.sort(), expected.sort())
        const busy = await db.rows(sql`select id from execution where ended_at is null`)
        assert.equal(busy.length, 0)
      }),
  }
}

test('N-02: a push starts a run for the images that the policy chooses, and none for others', async () => {
  const { project, policy, quiet } = await givenEvents([
    { type: 'repository', value: 'app*' },
    { type: 'tag', value: 'v*' },
  ])
  await pushImage(marina, `${project}/other`, { tag: 'v1' })
  await pushImage(marina, `${project}/app`, { tag: 'test' })
  await pushImage(marina, `${project}/app`)
  await pushImage(marina, `${project}/app`, { tag: 'v1' })
  await quiet(['app:v1'])
  const [execution, ...others] = await list(policy)
  assert.deepEqual([others.length, execution!.status, execution!.trigger], [0, 'Success', 'event_based'])
  assert.deepEqual(execution!.extra_attrs, { totalCount: 1, trigger: 'event_based', triggerSetting: '-' })
  await pushImage(marina, `${project}/app`, { tag: 'v1' })
  await quiet(['app:v1', 'app:v1'])
})

test('N-02: a label starts a run for a policy that asks for it', async () => {
  const hot = fresh('hot')
  const label = (await db.row<{ id: number }>(sql`insert into label (name) values (${hot}) returning id`))!.id
  const { project, quiet } = await givenEvents([{ type: 'label', value: hot }])
  await pushImage(marina, `${project}/app`, { tag: 'v1' })
  await pushImage(marina, `${project}/app`, { tag: 'v2' })
  const labels = (tag: string) => `/projects/${project}/repositories/app/artifacts/${tag}/labels`
  expectAnswer(await call('POST', labels('v2'), { id: label }), 200)
  // The push may be looked at when the image has its label already.
  await quiet(['app:v2'], 'each')
})

test('N-02: a scan that has ended starts a run when the image is sound enough, also for its index', async () => {
  const { project, projectId, quiet } = await givenEvents([{ type: 'vulnerability', value: 4 }])
  const scanned = async (image: Pushed, severity: 'Low' | 'High') => {
    await givenReport(marina, image, scanner, [finding('CVE-1', severity)])
    const { repository, digest } = image
    const fact: ScanEnded = {
      projectId,
      repository: repository as RepositoryName,
      digest,
      tags: [],
      scanType: 'vulnerability',
      overview: {},
    }
    await db.transaction((tx) => emit(tx, [scanFacts.scanCompleted(fact, { kind: 'system', id: null, name: 'scan' })]))
  }
  const [sound, unsound] = [
    await pushImage(marina, `${project}/app`, { tag: 'sound' }),
    await pushImage(marina, `${project}/app`, { tag: 'unsound' }),
  ]
  await scanned(unsound, 'High')
  await scanned(sound, 'Low')
  await quiet(['app:sound'], 'each')
  const child = await pushImage(marina, `${project}/many`)
  await pushIndex(marina, `${project}/many`, [child], { tag: 'all' })
  await scanned(child, 'Low')
  await quiet(['app:sound', 'many:all'], 'each')
})

test('a policy that is off, or of another project, hears of nothing', async () => {
  const off = await givenEvents([], { enabled: false })
  const manual = await givenEvents([], { trigger: trigger('manual') })
  const on = await givenEvents([])
  for (const { project } of [off, manual, on]) await pushImage(marina, `${project}/app`, { tag: 'v1' })
  await on.quiet(['app:v1'])
  assert.deepEqual([off.names(), manual.names()], [[], []])
})

test('images that are pushed while a run waits are gathered into it, each once', async () => {
  const { project, policy, quiet } = await givenEvents([])
  const paused = async (action: string) =>
    expectAnswer(await call('PUT', '/jobservice/queues/P2P_PREHEAT_PLAN', { action }), 200)
  await paused('pause')
  // The last one is told of last: once it is noted, all of them are.
  for (const tag of ['v1', 'v1', 'v2', 'v3']) await pushImage(marina, `${project}/app`, { tag })
  await eventually(async () => {
    const rows = await db.rows(sql`
      select tag from preheat_event join repository on repository.id = repository_id
      where name = ${`${project}/app`}`)
    assert.equal(rows.length, 3)
  })
  await paused('resume')
  await quiet(['app:v1', 'app:v2', 'app:v3'])
  assert.equal((await list(policy)).filter(({ status }) => status === 'Success').length, 1)
})

test('images that a service missed while it was away are asked for with the next event', async () => {
  const { project, policy, names } = await givenEvents([])
  service.answer(({ path }) => (path.endsWith('/healthy') ? { status: 503, body: 'later' } : undefined))
  await pushImage(marina, `${project}/app`, { tag: 'v1' })
  await eventually(async () => {
    const [execution] = await list(policy)
    assert.equal(execution?.status, 'Error')
    assert.match(execution?.status_message ?? '', /is not healthy: GET \/healthy was answered with 503: later/)
  })
  assert.deepEqual(names(), [])
  service.answer(() => undefined)
  await pushImage(marina, `${project}/app`, { tag: 'v2' })
  await eventually(() => assert.deepEqual(names().sort(), ['app:v1', 'app:v2']))
})

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from '../../../platform/db/sql.ts'
import { create } from '../../../testing/api.ts'
import { fresh } from '../../../testing/given.ts'
import { eventually, expectAnswer } from '../../../testing/http.ts'
import { pushLayers } from '../../../testing/layers.ts'
import { openReceiver } from '../../../testing/receiver.ts'
import {
  cast,
  db,
  importFrom,
  inA,
  inventory,
  leftPad,
  marina,
  npmLayer,
  pushDatabase,
  record,
  rest,
  settled,
  stateOf,
} from './vulndb.suite.ts'

const { sys, maA } = cast
const receiver = await openReceiver()
after(() => receiver[Symbol.asyncDispose]())

type Hook = {
  type: string
  operator: string
  event_data: {
    resources: { digest: string; tag: string }[]
    repository: { repo_full_name: string }
    vulnerabilities: { database: number; count: number; summary: object; most_severe: { id: string }[] }
  }
}
/** The events of a repository that were received so far. */
const received = (repository: string) =>
  receiver.received
    .filter(({ path }) => path === '/found')
    .map(({ body }) => JSON.parse(body) as Hook)
    .filter(({ event_data: data }) => data.repository.repo_full_name === repository)

/** All facts up to now have been given to webhooks, and all their deliveries have ended. */
const delivered = () =>
  eventually(async () => {
    const row = await db.row<{ behind: number }>(sql`
      select (
          select count(*) from outbox, event_place
          where handler = 'webhooks' and not pg_visible_in_snapshot(xid, seen) and topic like 'vulnerability.%')
        + (select count(*) from webhook_delivery where status = 'Pending') as behind`)
    assert.equal(row!.behind, 0)
  })

const policy = {
  name: fresh('found'),
  event_types: ['VULNERABILITY_FOUND'],
  targets: [{ type: 'http', address: `${receiver.url}/found` }],
}
expectAnswer(await rest('POST', `/projects/${cast.A.name}/webhook/policies`, sys, policy), 201)

const worse = (id: string, severity: string) =>
  record(`GHSA-${id}`, 'npm', 'left-pad', '1.4.0', { aliases: [id], database_specific: { severity } })

async function givenImage(): Promise<{ name: string; repository: string; digest: string }> {
  const name = fresh('news')
  const repository = `${cast.A.name}/${name}`
  const { digest } = await pushLayers(marina, repository, [npmLayer('left-pad', '1.1.0')], { tag: 'v1' })
  await inventory(name)
  return { name, repository, digest }
}

test('a webhook tells once of what a new database finds in a known image, the worst first', async () => {
  const { repository, digest } = await givenImage()
  await importFrom(await pushDatabase({ 'a.json': leftPad }))
  await settled()
  const added = Array.from({ length: 11 }, (_, at) => worse(`CVE-2026-1${100 + at}`, 'LOW'))
  added.push(worse('CVE-2026-1200', 'CRITICAL'))
  const files = Object.fromEntries(added.map((one, at) => [`${at}.json`, one]))
  await importFrom(await pushDatabase({ 'a.json': leftPad, ...files }))
  await settled()
  await delivered()
  const [told, ...others] = received(repository)
  assert.deepEqual(others, [])
  assert.deepEqual([told!.type, told!.operator], ['VULNERABILITY_FOUND', 'matcher'])
  const { resources, vulnerabilities } = told!.event_data
  assert.deepEqual(
    resources.map((one) => [one.digest, one.tag]),
    [[digest, 'v1']],
  )
  const { database, count, summary, most_severe: named } = vulnerabilities
  assert.deepEqual([database, count, summary], [(await stateOf()).current!.id, 12, { Low: 11, Critical: 1 }])
  assert.equal(named.length, 10)
  assert.deepEqual(named[0], {
    id: 'CVE-2026-1200',
    severity: 'Critical',
    package: 'left-pad',
    version: '1.1.0',
    fix_version: '1.4.0',
  })
  // The same data in another database: nothing is new.
  await importFrom(await pushDatabase({ 'b.json': leftPad, ...files }))
  await settled()
  await delivered()
  assert.equal(received(repository).length, 1)
})

test('a scan that comes before the comparison of all images tells as well, and the two tell once', async () => {
  const { name, repository } = await givenImage()
  await importFrom(await pushDatabase({ 'a.json': leftPad }))
  await settled()
  const queue = (action: 'pause' | 'resume') => rest('PUT', '/jobservice/queues/VULNDB_MATCH', sys, { action })
  expectAnswer(await queue('pause'), 200)
  await importFrom(await pushDatabase({ 'a.json': leftPad, 'b.json': worse('CVE-2026-1300', 'HIGH') }))
  expectAnswer(await rest('POST', `${inA(name, 'v1')}/scan`, maA, {}), 202)
  await eventually(() => assert.equal(received(repository).length, 1))
  expectAnswer(await queue('resume'), 200)
  await settled()
  await delivered()
  const [told, ...others] = received(repository)
  assert.deepEqual([told!.event_data.vulnerabilities.most_severe.map(({ id }) => id), others], [['CVE-2026-1300'], []])
})

test('Teams, and a test of a target, show what the event is about', async () => {
  const id = await create(marina, `/projects/${cast.A.name}/webhook/policies`, sys, {
    ...policy,
    name: fresh('teams'),
    targets: [{ type: 'teams', address: `${receiver.url}/teams` }],
  })
  expectAnswer(await rest('POST', `/projects/${cast.A.name}/webhook/policies/${id}/test`, sys, {}), 200)
  const { body } = await eventually(() => {
    const [one] = receiver.received.filter(({ path }) => path === '/teams')
    assert.ok(one)
    return one
  })
  assert.match(body, /"New vulnerabilities","value":"1 High"/)
  assert.match(body, /CVE-0000-0000 in test 1\.0/)
})

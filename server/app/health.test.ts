import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { openLog } from '../platform/observe/log.ts'
import { givenProject, pushImage } from '../testing/given.ts'
import { eventually, expectAnswer } from '../testing/http.ts'
import { openBeside, openTestMarina, type TestMarina } from '../testing/server.ts'

const lines: string[] = []
const stream = { isTTY: false, write: (line: string) => lines.push(line) > 0 } as unknown as NodeJS.WriteStream
const log = openLog({ level: 'warn', format: 'text', stream })
const marina = await openTestMarina({}, log)
after(() => marina[Symbol.asyncDispose]())
const { db } = marina.ground

type Health = { status: string; components: { name: string; status: string }[] }

async function expectHealth(status: string, failing: string[], { ask, ground }: TestMarina = marina): Promise<void> {
  await eventually(async () => {
    const health = expectAnswer(await ask('GET', '/api/v2.0/health'), 200).json() as Health
    const bad = health.components.filter((one) => one.status !== 'healthy').map(({ name }) => name)
    assert.deepEqual([health.status, bad], [status, failing])
    const metrics = await ground.metrics.registry.metrics()
    for (const { name, status: is } of health.components.filter((one) => one.name !== 'core'))
      assert.match(
        metrics,
        new RegExp(`marina_component_healthy\\{component="${name}"\\} ${is === 'healthy' ? 1 : 0}\n`),
      )
  })
}

const expectLogged = (cause: RegExp) =>
  eventually(() =>
    assert.ok(
      lines.some((line) => cause.test(line)),
      `nothing logged like ${cause}`,
    ),
  )

const run = (text: string) => db.run({ name: '', text, values: [] })

test('facts that nobody can be told for an error of SQL show in health, metrics and log until they can', async () => {
  await expectHealth('healthy', [])
  await run('alter table event_place rename column retry_at to gone')
  await expectHealth('degraded', ['events'])
  await expectLogged(/events: failed .*column "retry_at" does not exist/)
  await run('alter table event_place rename column gone to retry_at')
  await expectHealth('healthy', [])
})

test('one reaction that stands still shows, though the others go on', async () => {
  await run(`create function no_place() returns trigger language plpgsql as $$ begin raise 'no way on'; end $$`)
  await run(
    `create trigger no_place before update on event_place for each row
      when (new.handler = 'webhooks') execute function no_place()`,
  )
  await givenProject(marina)
  await expectHealth('degraded', ['events'])
  await expectLogged(/events: failed .*webhooks: .*no way on/)
  await run('drop trigger no_place on event_place')
  await expectHealth('healthy', [])
})

test('a job service that cannot keep its lease or take jobs shows', async () => {
  await run('alter table paused_queue rename to paused_queue_gone')
  await expectHealth('degraded', ['jobs'])
  await expectLogged(/jobs: failed .*relation "paused_queue" does not exist/)
  await run('alter table paused_queue_gone rename to paused_queue')
  await expectHealth('healthy', [])
  await run('alter table graphile_worker._private_jobs rename to jobs_gone')
  await expectHealth('degraded', ['jobs'])
  await expectLogged(/jobs: failed .*relation .*_private_jobs" does not exist/)
  await run('alter table graphile_worker.jobs_gone rename to _private_jobs')
  await expectHealth('healthy', [])
})

test('a sweep that fails shows until its next turn', async () => {
  await run('alter table upload rename to upload_gone')
  await using beside = await openBeside(marina)
  await expectHealth('degraded', ['sweeps'], beside)
  await run('alter table upload_gone rename to upload')
})

test('deliveries of webhooks that cannot be looked for show', async () => {
  await run('alter table webhook_target rename to webhook_target_gone')
  await expectHealth('degraded', ['webhooks'])
  await expectLogged(/webhooks: failed .*webhook_target" does not exist/)
  await run('alter table webhook_target_gone rename to webhook_target')
  await expectHealth('healthy', [])
})

test('pulls that cannot be written down show', async () => {
  const image = await pushImage(marina, `${(await givenProject(marina)).name}/app`)
  await run('alter table artifact add constraint no_pulls check (pull_count = 0) not valid')
  expectAnswer(await marina.ask('GET', `/v2/${image.repository}/manifests/${image.digest}`, { as: marina.admin }), 200)
  await expectHealth('degraded', ['notes'])
  await expectLogged(/notes: failed .*pull counts not written yet.*no_pulls/)
  await run('alter table artifact drop constraint no_pulls')
  await expectHealth('healthy', [])
})

test('an audit log that cannot be sent on shows', async () => {
  const save = async (settings: object) =>
    expectAnswer(
      await marina.ask('PUT', '/api/v2.0/configurations', {
        as: marina.admin,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(settings),
      }),
      200,
    )
  await save({ audit_log_forward_endpoint: '127.0.0.1:1' })
  await givenProject(marina)
  await expectHealth('degraded', ['audit-forward'])
  await save({ audit_log_forward_endpoint: '' })
  await expectHealth('healthy', [])
})

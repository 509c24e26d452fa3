import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { databaseUrlOf, startMarina } from '../registries.ts'
import { median, type Row, type Scenario } from '../scenario.ts'
import { makeProject, openClients, pushNew, startReceiver } from './webhooks.ts'

const waiting = 100_000
const seconds = 30

export const webhooksWaiting: Scenario = {
  name: 'webhooks-waiting',
  says:
    `${waiting.toLocaleString('en-US')} deliveries wait for a receiver that hangs: ` +
    `how much Marina grows in ${seconds} s, and how long another target's webhooks take`,
  roundsAtMost: 1,
  async run(bench): Promise<Row[]> {
    const marina = await startMarina(bench.scratch, { MARINA_OUTBOUND_ALLOW: '127.0.0.0/8' })
    const [live, hanging] = [await startReceiver(bench), await startReceiver(bench, 'hang')]
    await makeProject(marina, 'live', live, 1)
    await makeProject(marina, 'stuck', hanging, 1)
    const [client] = await openClients(marina, 'live', 1)
    for (let n = 0; n < 20; n++) await pushNew(client!, `warm-${n}`)
    const before = residentMiB(marina.pid)
    await fill(databaseUrlOf(bench.scratch))
    bench.say(`${waiting} wait`)
    const [waits, sizes]: [number[], number[]] = [[], []]
    const end = performance.now() + seconds * 1000
    for (let n = 0; performance.now() < end; n++) {
      const pushed = await pushNew(client!, `live-${n}`)
      await sleep(250)
      const came = (await live.report()).at[`live-${n}`]
      waits.push(came === undefined ? Infinity : came - pushed)
      sizes.push(residentMiB(marina.pid))
    }
    client!.connection.close()
    bench.say(`${waits.length} pushes beside them, ${(await hanging.report()).count} calls to the receiver that hangs`)
    return [
      {
        what: `${waiting} deliveries wait, growth of the process`,
        unit: 'MiB',
        ours: [Math.max(...sizes) - before],
        lessIsBetter: true,
        target: { most: 50 },
      },
      {
        what: 'the same, push to webhook of another target, median',
        unit: 'ms',
        ours: [median(waits)],
        lessIsBetter: true,
        target: { most: 100 },
      },
    ]
  },
}

/** Inserts deliveries as if the receiver had hung for hours while pushes went on. */
async function fill(url: string): Promise<void> {
  const client = new Client(url)
  await client.connect()
  await client.query(`
    insert into webhook_delivery (
      policy_id, target_id, notify_type, event_type, event_id, ordered_by, trigger, content_type, body)
    select target.policy_id, target.id, 'http', 'PUSH_ARTIFACT', gen_random_uuid(), 'stuck/app-' || n % 500,
      'EVENT', 'application/json', repeat('x', 600)
    from webhook_target target
    join webhook_policy policy on policy.id = target.policy_id
    join project on project.id = policy.project_id and project.name = 'stuck', generate_series(1, ${waiting}) n`)
  await client.query("select pg_notify('marina_webhooks', '')")
  await client.end()
}

const residentMiB = (pid: number) =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024

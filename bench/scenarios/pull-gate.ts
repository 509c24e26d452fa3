import { Client } from 'pg'
import { makeImage, pushOne } from '../image.ts'
import { basic, databaseUrlOf, startMarina } from '../registries.ts'
import { takeTurns, type Bench, type Row, type Scenario } from '../scenario.ts'
import { wrk } from '../wrk.ts'

const load = { threads: 2, connections: 64, seconds: 10 }

export const pullGate: Scenario = {
  name: 'pull-gate',
  says: 'manifest GET by tag of a project that refuses vulnerable images, beside one that does not',
  async run(bench: Bench): Promise<Row[]> {
    const { scratch } = bench
    const marina = await startMarina(scratch)
    for (const [name, metadata] of [
      ['off', {}],
      ['on', { prevent_vul: 'true', severity: 'high', vulnerability_warning: 'critical' }],
    ] as const)
      await post(marina.port, '/projects', { project_name: name, metadata })
    const sides = {
      on: await pushOne(marina, 'on/bench', makeImage()),
      off: await pushOne(marina, 'off/bench', makeImage()),
    }
    const database = new Client(databaseUrlOf(scratch))
    await database.connect()
    await report(database)
    await database.end()
    const ask = (side: keyof typeof sides) => () => {
      const { token, target, manifestType } = sides[side]
      const headers = { authorization: `Bearer ${token}`, accept: manifestType }
      return wrk({ target, headers, ...load, port: marina.port })
    }
    const values = await takeTurns(bench, 'manifest GET/s', { on: ask('on'), off: ask('off') })
    return [
      {
        what: 'manifest GET by tag, with the gate for vulnerabilities',
        unit: 'requests/s',
        ours: values.on,
        against: { name: 'without', values: values.off },
        target: { ratio: 0.95 },
      },
    ]
  },
}

/** A sound image for the gate: findings below its threshold. */
async function report(database: Client): Promise<void> {
  await database.query(`insert into scanner (name, url, is_default) values ('bench', 'http://scanner.example', true)`)
  await database.query(`
    insert into vulnerability_report (artifact_id, scanner_id, is_made, started_at, ended_at, severity, total, counts)
    select artifact.id, scanner.id, true, now(), now(), 3, 12, '{0,0,0,12,0,0,0}' from artifact, scanner`)
}

async function post(port: number, path: string, body: unknown): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v2.0${path}`, {
    method: 'POST',
    headers: { authorization: basic, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
}

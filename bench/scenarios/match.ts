import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { openConnection } from '../connection.ts'
import { openMeter, startCountedMarina, type Cost } from '../cost.ts'
import { part, putManifest, putParts } from '../image.ts'
import { basic, databaseUrlOf, type Registry } from '../registries.ts'
import type { Bench, Row, Scenario } from '../scenario.ts'
import { makeRecords, seedInventories } from '../seed-inventories.ts'

/** Of the four databases, how many are imported; the first ones. */
const steps = Number(process.env['BENCH_STEPS'] ?? 4)
const images = Number(process.env['BENCH_ARTIFACTS'] ?? 10_000)
const headers = { authorization: basic, 'content-type': 'application/json' }
const repository = 'library/vulndb'

/** `more`: names of npm of which every version is hit. `most`: the longest time, in ms an image. */
type Step = { what: string; more: string[]; most: number }
/** The databases, one after the other: 100,000 images in 15 minutes, and in 4 where nothing has changed. */
const databases: Step[] = [
  { what: 'first reports', more: [], most: 9 },
  { what: 'nothing has changed', more: [], most: 2.4 },
  { what: 'a finding for each tenth image', more: ['tenth'], most: 9 },
  { what: 'a finding for each image', more: ['tenth', 'every'], most: 9 },
]

export const match: Scenario = {
  name: 'match',
  says:
    `a new database of 30,000 records, compared with ${images} images (BENCH_ARTIFACTS) of about 200 packages that ` +
    'are known: first reports, nothing new, news for a tenth, news for all',
  roundsAtMost: 1,
  async run(bench): Promise<Row[]> {
    const { scratch, say } = bench
    const marina = await startCountedMarina(scratch)
    await using meter = await openMeter(scratch, marina)
    const database = new Client(databaseUrlOf(scratch))
    await database.connect()
    const rows: Row[] = []
    try {
      await importRecords(marina, 'empty', [])
      await queue(marina, 'pause')
      say(`seeding ${images} images`)
      await seedInventories(database, images)
      for (const [index, step] of databases.slice(0, steps).entries()) {
        await importRecords(marina, `database${index}`, step.more)
        const cost = await meter.measure(async () => {
          await queue(marina, 'resume')
          await matched(database)
        })
        rows.push(...(await report(bench, database, step, cost)))
        await queue(marina, 'pause')
      }
    } finally {
      await database.end()
    }
    return rows
  },
}

type Run = { seconds: number; counts: { packages: number; looked: number; renewed: number } }

async function report({ say }: Bench, database: Client, { what, most }: Step, cost: Cost): Promise<Row[]> {
  const { rows } = await database.query<Run>(`
    select extract(epoch from task.ended_at - task.started_at)::float8 as seconds, execution.extra_attrs as counts
    from task join execution on execution.id = execution_id
    where job_type = 'VULNDB_MATCH' order by task.id desc limit 1`)
  const { seconds, counts } = rows[0]!
  const found = await database.query<{ links: string }>('select count(*) as links from report_finding')
  say(
    `${what}: ${seconds.toFixed(1)} s; packages: ${counts.packages}, reports written: ${counts.renewed}, ` +
      `findings of an image: ${(Number(found.rows[0]!.links) / images).toFixed(0)}`,
  )
  for (const { text, calls, ms } of cost.statements.toSorted((one, other) => other.ms - one.ms).slice(0, 12))
    say(`  ${(ms / images).toFixed(3)} ms an image, ${calls} x ${(ms / calls).toFixed(2)} ms  ${text.slice(0, 140)}`)
  const row = (name: string, unit: string, value: number): Row => {
    return { what: `${what}: ${name}`, unit, ours: [value], lessIsBetter: true }
  }
  return [
    { ...row('time', 'ms an image', (seconds * 1000) / images), target: { most } },
    row('processor time of Marina', 'ms an image', cost.marinaMs / images),
    row('processor time of PostgreSQL', 'ms an image', cost.postgresMs / images),
    row('WAL', 'KB an image', cost.walBytes / images / 1000),
  ]
}

/** Pushes records as an artifact, and has it imported. */
async function importRecords(marina: Registry, tag: string, more: string[]): Promise<void> {
  const [connection, token] = [await openConnection(marina.port), await marina.token([repository])]
  const config = part('application/vnd.oci.empty.v1+json', Buffer.from('{}'))
  const layer = part('application/octet-stream', Buffer.from(makeRecords(more)))
  await putParts(connection, token, repository, [config, layer])
  const described = ({ mediaType, digest, size }: typeof layer) => ({ mediaType, digest, size })
  const annotations = { 'org.opencontainers.image.title': 'records.json' }
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    artifactType: 'application/vnd.marina.vulndb.v1',
    config: described(config),
    layers: [{ ...described(layer), annotations }],
  }
  await putManifest(connection, token, repository, tag, Buffer.from(JSON.stringify(manifest)))
  connection.close()
  const body = { schedule: { type: 'Manual' }, parameters: { source: `${repository}:${tag}` } }
  const asked = await ask(marina, 'POST', '/system/vulndb/imports/schedule', body)
  for (;;) {
    await sleep(100)
    const at = asked.headers.get('location')!
    const run = (await (await fetch(`http://127.0.0.1:${marina.port}${at}`, { headers })).json()) as {
      job_status: string
    }
    if (run.job_status === 'Success') return
    if (run.job_status === 'Error') throw new Error(`the import has failed: ${JSON.stringify(run)}`)
  }
}

const queue = (marina: Registry, action: 'pause' | 'resume') =>
  ask(marina, 'PUT', '/jobservice/queues/VULNDB_MATCH', { action })

async function ask({ port }: Registry, method: string, at: string, body: object): Promise<Response> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v2.0${at}`, { method, headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${method} ${at}: ${answer.status} ${await answer.text()}`)
  return answer
}

/** Waits until all images were compared. */
async function matched(database: Client): Promise<void> {
  for (;;) {
    await sleep(250)
    const { rows } = await database.query<{ status: string }>(
      `select status from task where job_type = 'VULNDB_MATCH' and status <> 'Success'`,
    )
    if (rows.length === 0) return
    if (rows.some(({ status }) => status === 'Error')) throw new Error('the comparison has failed')
  }
}

import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { openConnection, type Connection } from '../connection.ts'
import { makeImage, pushOne, startUpload, withDigest } from '../image.ts'
import { basic, databaseUrlOf, startMarina, type Registry } from '../registries.ts'
import type { Bench, Row, Scenario } from '../scenario.ts'

const pullers = 1000
const uploaders = 1000
const pullsEach = 20
const blobBytes = 4096
const project = 'limited'
const sampleMs = 20

/** What the crowd saw; `waits`: how often a sample found a statement that waited for a lock. */
type Outcome = { failed: number; reasons: Map<string, number>; waits: number; samples: number; seconds: number }

export const crowd: Scenario = {
  name: 'crowd',
  says:
    `${pullers} clients pull one tag ${pullsEach} times each while ${uploaders} clients upload a blob each to one ` +
    'project with a limit: how many fail, and how often a statement waits for a lock',
  async run(bench): Promise<Row[]> {
    const marina = await startMarina(bench.scratch)
    await limitProject(marina)
    const { token, target } = await pushOne(marina, 'library/bench', makeImage())
    const outcomes: Outcome[] = []
    for (let round = 1; round <= bench.rounds; round++) {
      const outcome = await runRound(bench, marina, { token, target })
      const rate = Math.round((pullers * pullsEach + uploaders) / outcome.seconds)
      bench.say(
        `round ${round} of ${bench.rounds}: ${outcome.failed} failed, ${rate} requests/s, ` +
          `${outcome.waits} waits for a lock in ${outcome.samples} samples`,
      )
      for (const [reason, count] of outcome.reasons) bench.say(`${count} x ${reason}`)
      outcomes.push(outcome)
    }
    const what = `${pullers} pulling, ${uploaders} uploading`
    return [
      { what: `${what}: failed`, unit: 'requests', ours: outcomes.map(({ failed }) => failed), target: { most: 0 } },
      {
        what: `${what}: waits for a lock`,
        unit: 'of all samples',
        ours: outcomes.map(({ waits }) => waits),
        target: { most: 0 },
      },
      { what: `${what}: duration`, unit: 's', ours: outcomes.map(({ seconds }) => seconds) },
    ]
  },
}

async function limitProject(marina: Registry): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${marina.port}/api/v2.0/projects`, {
    method: 'POST',
    headers: { authorization: basic, 'content-type': 'application/json' },
    body: JSON.stringify({ project_name: project, storage_limit: 2 ** 30 }),
  })
  if (!answer.ok) throw new Error(`no project: ${answer.status} ${await answer.text()}`)
}

async function runRound(
  { scratch }: Bench,
  marina: Registry,
  pulled: { token: string; target: string },
): Promise<Outcome> {
  const names = Array.from({ length: 10 }, (_, index) => `${project}/repo${index}`)
  const token = await marina.token(names)
  const connections = await openAll(marina.port, pullers + uploaders)
  const outcome: Outcome = { failed: 0, reasons: new Map(), waits: 0, samples: 0, seconds: 0 }
  const note = (error: unknown) => {
    outcome.failed++
    const reason = error instanceof Error ? error.message : String(error)
    outcome.reasons.set(reason, (outcome.reasons.get(reason) ?? 0) + 1)
  }
  const done = new AbortController()
  const sampling = sampleLocks(databaseUrlOf(scratch), done.signal, outcome)
  const started = performance.now()
  await Promise.all(
    connections.map((connection, index) =>
      index < pullers
        ? pullAgain(connection, pulled.token, pulled.target, note)
        : upload(connection, token, names[index % names.length]!).catch(note),
    ),
  )
  outcome.seconds = (performance.now() - started) / 1000
  done.abort()
  await sampling
  for (const connection of connections) connection.close()
  return outcome
}

async function openAll(port: number, count: number): Promise<Connection[]> {
  const connections: Connection[] = []
  while (connections.length < count)
    connections.push(...(await Promise.all(Array.from({ length: 100 }, () => openConnection(port)))))
  return connections
}

async function pullAgain(
  connection: Connection,
  token: string,
  target: string,
  note: (error: unknown) => void,
): Promise<void> {
  const head = `authorization: Bearer ${token}\r\naccept: application/vnd.oci.image.manifest.v1+json\r\n`
  for (let left = pullsEach; left > 0; left--) {
    const status = await connection.ask('GET', target, head).then(
      (answer) => answer.status,
      (error: Error) => error.message,
    )
    if (status !== 200) note(new Error(`a pull: ${status}`))
  }
}

async function upload(connection: Connection, token: string, name: string): Promise<void> {
  const bytes = randomBytes(blobBytes)
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  const location = await startUpload(connection, token, name)
  const head = `authorization: Bearer ${token}\r\ncontent-type: application/octet-stream\r\n`
  const { status } = await connection.ask('PUT', withDigest(location, digest), head, bytes)
  if (status !== 201) throw new Error(`an upload: ${status}`)
}

/** Counts statements that wait for a lock of another transaction, again and again. */
async function sampleLocks(url: string, signal: AbortSignal, outcome: Outcome): Promise<void> {
  const client = new Client(url)
  await client.connect()
  while (!signal.aborted) {
    const { rows } = await client.query<{ count: string }>(
      "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
    )
    outcome.waits += Number(rows[0]!.count)
    outcome.samples++
    await sleep(sampleMs)
  }
  await client.end()
}

import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { openConnection } from '../connection.ts'
import { collect, seedDead } from '../dead-blobs.ts'
import { makeImage, pushImage } from '../image.ts'
import { databaseUrlOf, startMarina, type Registry } from '../registries.ts'
import type { Row, Scenario } from '../scenario.ts'

/** The number of live blobs in the first part; the second has ten times as many. */
const live = Number(process.env['BENCH_BLOBS'] ?? 1_000_000)
const dead = Number(process.env['BENCH_DEAD_BLOBS'] ?? 10_000)
const clients = 4
const quietSeconds = 10

export const collection: Scenario = {
  name: 'collection',
  says:
    `${dead} dead blobs among ${live} live ones and among ten times as many, ` +
    `collected while ${clients} clients push (BENCH_BLOBS, BENCH_DEAD_BLOBS)`,
  async run({ scratch, rounds, say }): Promise<Row[]> {
    const marina = await startMarina(scratch, { MARINA_UNDELETE_WINDOW: '0s' })
    const database = new Client(databaseUrlOf(scratch))
    await database.connect()
    const seconds: Record<'few' | 'many', number[]> = { few: [], many: [] }
    const pushes = { quiet: [] as number[], collecting: [] as number[] }
    try {
      for (const [size, count] of [
        ['few', live],
        ['many', 10 * live],
      ] as const) {
        say(`seeding ${count} live blobs`)
        await seedLive(database, count)
        // Round 0 is not counted: a new process still compiles its code and plans its statements.
        for (let round = size === 'few' ? 0 : 1; round <= rounds; round++) {
          await seedDead(database, marina.storage, dead)
          const pushing = await startPushing(marina, `${size}${round}`)
          const quiet = await rateOf(pushing, () => sleep(quietSeconds * 1000))
          const collecting = await rateOf(pushing, () => collect(marina, dead))
          await pushing.stop()
          if (round === 0) continue
          seconds[size].push(collecting.seconds)
          pushes.quiet.push(quiet.rate)
          pushes.collecting.push(collecting.rate)
          const [quietRate, rate] = [quiet.rate.toFixed(0), collecting.rate.toFixed(0)]
          const took = `among ${count}, round ${round} of ${rounds}: ${collecting.seconds.toFixed(1)} s`
          say(`${took}; ${quietRate} pushes/s without it, ${rate} with it`)
        }
      }
    } finally {
      await database.end()
    }
    return [
      {
        what: `collection of ${dead} blobs among ${10 * live} live ones`,
        unit: 's',
        ours: seconds.many,
        lessIsBetter: true,
        against: { name: `among ${live}`, values: seconds.few },
        target: { ratio: 1 / 1.3 },
      },
      {
        what: `pushes by ${clients} clients during it`,
        unit: 'pushes/s',
        ours: pushes.collecting,
        against: { name: 'before it', values: pushes.quiet },
      },
    ]
  },
}

/**
 * Inserts rows as pushes leave them, 100 blobs to an image, up to `count` blobs; a collection never reads live bytes.
 */
async function seedLive(database: Client, count: number): Promise<void> {
  const { rows } = await database.query<{ have: string }>(
    `select count(*) as have from blob where digest like 'sha256:11ve%'`,
  )
  const from = Number(rows[0]!.have)
  const digest = `'sha256:11ve' || substr(encode(sha256(convert_to('l' || n, 'UTF8')), 'hex'), 1, 60)`
  await database.query('set statement_timeout = 0')
  // These statements do once what triggers and foreign keys would do for each row.
  await database.query('set session_replication_role = replica')
  for (const step of [
    `insert into repository (project_id, name)
      select id, 'library/seeded' from project where name = 'library' on conflict do nothing`,
    `insert into blob (digest, size) select ${digest}, 1000 from generate_series(${from + 1}, ${count}) n`,
    `create temporary table seeded as
      select blob.id, repository.id as repository_id, blob.id / 100 as image from blob, repository
      where blob.digest like 'sha256:11ve%' and repository.name = 'library/seeded'
        and not exists (select from repository_blob where blob_id = blob.id)`,
    `insert into repository_blob (repository_id, blob_id) select repository_id, id from seeded`,
    `insert into artifact (repository_id, digest, media_type, kind, size)
      select distinct repository_id,
        'sha256:' || encode(sha256(convert_to('i' || image || '-${count}', 'UTF8')), 'hex'), 'x' || image, 'image', 1
      from seeded`,
    `insert into artifact_blob (artifact_id, repository_id, blob_id)
      select artifact.id, seeded.repository_id, seeded.id
      from seeded join artifact on artifact.media_type = 'x' || seeded.image
        and artifact.digest =
          'sha256:' || encode(sha256(convert_to('i' || seeded.image || '-${count}', 'UTF8')), 'hex')`,
    'drop table seeded',
    'vacuum analyze',
  ])
    await database.query(step)
  await database.query('set session_replication_role = default')
}

type Pushing = { count(): number; stop(): Promise<void> }

async function startPushing(marina: Registry, round: string): Promise<Pushing> {
  let count = 0
  const over = new AbortController()
  const push = async (index: number) => {
    const name = `library/pushed-${index}`
    const [token, connection] = [await marina.token([name]), await openConnection(marina.port)]
    while (!over.signal.aborted) await pushImage(connection, token, name, `${round}-${count++}`, makeImage())
    connection.close()
  }
  const all = Array.from({ length: clients }, (_, index) => push(index))
  const stop = async () => {
    over.abort()
    await Promise.all(all)
  }
  return { count: () => count, stop }
}

async function rateOf({ count }: Pushing, work: () => Promise<void>): Promise<{ rate: number; seconds: number }> {
  const [started, before] = [performance.now(), count()]
  await work()
  const seconds = (performance.now() - started) / 1000
  return { seconds, rate: (count() - before) / seconds }
}

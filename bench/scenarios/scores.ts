import { Client } from 'pg'
import { askAll } from '../ask-all.ts'
import { basic, databaseUrlOf, startMarina } from '../registries.ts'
import type { Row, Scenario } from '../scenario.ts'

const repositories = Number(process.env['BENCH_REPOSITORIES'] ?? 100_000)

/** What is asked for, the clients that ask at once, how many requests are one round, and the longest p95 in ms. */
const sides = {
  'the ten pulled most': { path: '/repositories/top', clients: 16, count: 800, most: 50 },
  'the 10,000 pulled most': { path: '/repositories/top?count=10000', clients: 1, count: 20, most: 1000 },
  'scores, the first page': { path: '/repositories/scores?page_size=100', clients: 1, count: 20, most: 3000 },
  'scores, the last page': { path: '/repositories/scores?page_size=100&page=last', clients: 1, count: 20, most: 3000 },
  'scores of one project of a hundred': {
    path: '/repositories/scores?project_ids=1st',
    clients: 16,
    count: 400,
    most: 250,
  },
  'the lowest, with the bytes they would free': {
    path: '/repositories/scores/lowest',
    clients: 1,
    count: 20,
    most: 3000,
  },
} satisfies Record<string, { path: string; clients: number; count: number; most: number }>

type Name = keyof typeof sides

export const scores: Scenario = {
  name: 'scores',
  says: `the repositories pulled most, and pages of scores, of ${repositories} (BENCH_REPOSITORIES), p95`,
  async run({ scratch, rounds, say }): Promise<Row[]> {
    const marina = await startMarina(scratch)
    const database = new Client(databaseUrlOf(scratch))
    await database.connect()
    say(`seeding ${repositories} repositories`)
    const project = await seed(database)
    await database.end()
    const head = `authorization: ${basic}\r\n`
    const names = Object.keys(sides) as Name[]
    const last = String(Math.ceil(repositories / 100))
    const target = (name: Name) => () => `/api/v2.0${sides[name].path.replace('last', last).replace('1st', project)}`
    const ask = (name: Name, count: number) =>
      askAll(marina.port, { clients: sides[name].clients, head, target: target(name) }, count)
    const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
    // Not measured: a new process still compiles its code and plans its statements.
    for (const name of names) await ask(name, sides[name].clients * 2)
    for (let round = 1; round <= rounds; round++)
      for (const name of names) {
        const ms = await ask(name, sides[name].count)
        values[name].push(ms[Math.floor(ms.length * 0.95)]!)
        const [p95, p50] = [values[name].at(-1)!.toFixed(1), ms[ms.length >> 1]!.toFixed(1)]
        say(`${name}, round ${round} of ${rounds}: p95 ${p95} ms, p50 ${p50} ms`)
      }
    return names.map((name) => ({
      what: `${name}, ${sides[name].clients} clients: p95`,
      unit: 'ms',
      ours: values[name],
      lessIsBetter: true,
      target: { most: sides[name].most },
    }))
  },
}

/**
 * Makes a hundred projects with as many repositories each, by SQL: one artifact with one to twenty tags, pulls from
 * none to thousands, the last of them up to two years ago. Returns the id of one of the projects.
 */
async function seed(database: Client): Promise<string> {
  await database.query('set statement_timeout = 0')
  await database.query('set session_replication_role = replica')
  const image = `'application/vnd.oci.image.manifest.v1+json', 'image', 'IMAGE'`
  const digest = `'sha256:' || encode(sha256(convert_to('used-' || repository.id, 'UTF8')), 'hex')`
  for (const step of [
    `insert into project (name, owner_id)
      select 'used' || n, (select min(id) from account where is_admin) from generate_series(0, 99) n`,
    `insert into repository (project_id, name, pull_count, pulled_at, created_at)
      select project.id, project.name || '/r' || n, case when n % 7 = 0 then 0 else n * 7919 % 5000 end,
        case when n % 7 > 0 then now() - (n * 104729 % 730) * interval '1 day' end, now() - interval '800 days'
      from generate_series(1, ${repositories}) n join project on project.name = 'used' || n % 100`,
    `insert into artifact (repository_id, digest, media_type, kind, type, size, pushed_at)
      select id, ${digest}, ${image}, 1000, now() - (id % 790) * interval '1 day' from repository
      where name like 'used%'`,
    `insert into manifest (artifact_id, content) select id, '{"schemaVersion":2}' from artifact`,
    `insert into tag (repository_id, artifact_id, name, pushed_at)
      select repository_id, id, 'v' || n, pushed_at from artifact, lateral generate_series(1, 1 + id % 20) n`,
    'vacuum analyze',
  ])
    await database.query(step)
  await database.query('set session_replication_role = default')
  const { rows } = await database.query<{ id: string }>(`select id from project where name = 'used42'`)
  return rows[0]!.id
}

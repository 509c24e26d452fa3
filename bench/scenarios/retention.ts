import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { basic, databaseUrlOf, startMarina, type Registry } from '../registries.ts'
import type { Row, Scenario } from '../scenario.ts'

const repositories = Number(process.env['BENCH_REPOSITORIES'] ?? 1000)
const tags = Number(process.env['BENCH_TAGS'] ?? 1000)
const MiB = 2 ** 20

export const retention: Scenario = {
  name: 'retention',
  says:
    `a dry run over ${repositories} repositories with ${tags} tags each, growth of resident memory meanwhile and in ` +
    `its second half, and one repository before and beside all others (BENCH_REPOSITORIES, BENCH_TAGS)`,
  async run({ scratch, rounds, say }): Promise<Row[]> {
    const marina = await startMarina(scratch)
    const database = new Client(databaseUrlOf(scratch))
    await database.connect()
    const [all, grown, late, alone, beside]: number[][] = [[], [], [], [], []]
    try {
      await seed(database, 'single', 1)
      const single = await makePolicy(marina, database, 'single')
      await dryRun(marina, single, 1) // not counted: a new process still compiles its code
      for (let round = 0; round < rounds; round++) alone!.push((await dryRun(marina, single, 1)).seconds * 1000)
      say(`seeding ${repositories * tags} tags`)
      await seed(database, 'many', repositories)
      const many = await makePolicy(marina, database, 'many')
      for (let round = 1; round <= rounds; round++) {
        beside!.push((await dryRun(marina, single, 1)).seconds * 1000)
        const { seconds, bytes, lateBytes } = await dryRun(marina, many, repositories)
        all!.push(seconds)
        grown!.push(bytes / MiB)
        late!.push(lateBytes / MiB)
        const growth = `${(bytes / MiB).toFixed(0)} MiB, in the second half by ${(lateBytes / MiB).toFixed(0)} MiB`
        say(`round ${round} of ${rounds}: ${seconds.toFixed(1)} s, grown by ${growth}`)
      }
    } finally {
      await database.end()
    }
    return [
      {
        what: `dry run over ${repositories * tags} tags`,
        unit: 's',
        ours: all!,
        lessIsBetter: true,
        target: { most: 60 },
      },
      { what: 'growth of RSS meanwhile', unit: 'MiB', ours: grown!, lessIsBetter: true, target: { most: 200 } },
      { what: 'of this in the second half', unit: 'MiB', ours: late!, lessIsBetter: true, target: { most: 50 } },
      {
        what: `one repository of ${tags} tags beside ${repositories} others`,
        unit: 'ms',
        ours: beside!,
        lessIsBetter: true,
        against: { name: 'alone', values: alone! },
        target: { ratio: 0.5 },
      },
    ]
  },
}

/** Makes a project with rows as pushes leave them: an artifact for each tag, half of them pulled once. */
async function seed(database: Client, project: string, count: number): Promise<void> {
  await database.query('set statement_timeout = 0')
  await database.query('set session_replication_role = replica')
  const image = `'application/vnd.oci.image.manifest.v1+json', 'image', 'IMAGE'`
  const pushed = `now() - n * interval '10 minutes'`
  for (const step of [
    `insert into project (name, owner_id) select '${project}', min(id) from account where is_admin`,
    `insert into repository (project_id, name)
      select project.id, '${project}/r' || n from project, generate_series(1, ${count}) n where name = '${project}'`,
    `insert into artifact (repository_id, digest, media_type, kind, type, size, pushed_at, pulled_at)
      select repository.id, 'sha256:' || encode(sha256(convert_to(repository.id || '-' || n, 'UTF8')), 'hex'), ${image},
        1000 + n, ${pushed}, case when n % 2 = 0 then ${pushed} + interval '1 hour' end
      from repository, generate_series(1, ${tags}) n where repository.name like '${project}/r%'`,
    `insert into tag (repository_id, artifact_id, name, pushed_at, pulled_at)
      select artifact.repository_id, artifact.id, 'v1.' || artifact.size % 10 || '.' || artifact.size,
        artifact.pushed_at, artifact.pulled_at
      from artifact join repository on repository.id = repository_id where repository.name like '${project}/r%'`,
    'vacuum analyze',
  ])
    await database.query(step)
  await database.query('set session_replication_role = default')
}

const headers = { authorization: basic, 'content-type': 'application/json' }

async function makePolicy({ port }: Registry, database: Client, project: string): Promise<string> {
  const { rows } = await database.query<{ id: string }>('select id from project where name = $1', [project])
  const selectors = (decoration: string, pattern: string) => [{ kind: 'doublestar', decoration, pattern }]
  const rule = (template: string, params: object, pattern: string) => ({
    action: 'retain',
    template,
    params,
    tag_selectors: selectors('matches', pattern),
    scope_selectors: { repository: selectors('repoMatches', '**') },
  })
  const made = await fetch(`http://127.0.0.1:${port}/api/v2.0/retentions`, {
    method: 'POST',
    headers,
    body: JSON.stringify({
      algorithm: 'or',
      rules: [
        rule('latestPushedK', { latestPushedK: 10 }, 'v1.1.*'),
        rule('nDaysSinceLastPull', { nDaysSinceLastPull: 2 }, '**'),
        rule('latestPulledN', { latestPulledN: 20 }, '**'),
      ],
      trigger: { kind: 'Schedule', settings: { cron: '' } },
      scope: { level: 'project', ref: Number(rows[0]!.id) },
    }),
  })
  if (made.status !== 201) throw new Error(`no policy: ${made.status} ${await made.text()}`)
  return made.headers.get('location')!
}

/**
 * Runs a policy and waits for its end. `bytes`: the highest growth of resident memory, of samples every 50 ms;
 * `lateBytes`: how much higher the second half of them goes than the first. V8 lets garbage pile up to a few times of
 * what is live, so that a run grows the process once, however long it is.
 */
async function dryRun(
  { port, pid }: Registry,
  policy: string,
  wanted: number,
): Promise<{ seconds: number; bytes: number; lateBytes: number }> {
  const url = `http://127.0.0.1:${port}${policy}/executions`
  const [before, begun] = [residentOf(pid), performance.now()]
  const samples = [before]
  const asked = await fetch(url, { method: 'POST', headers, body: '{"dry_run":true}' })
  if (asked.status !== 201) throw new Error(`no run: ${asked.status} ${await asked.text()}`)
  for (;;) {
    await sleep(50)
    samples.push(residentOf(pid))
    const [run] = (await (await fetch(`${url}?page_size=1`, { headers })).json()) as { id: number; status: string }[]
    if (run!.status === 'Pending' || run!.status === 'Running') continue
    const seconds = (performance.now() - begun) / 1000
    const tasks = await fetch(`${url}/${run!.id}/tasks?page_size=1`, { headers })
    const [task] = (await tasks.json()) as { total: number; retained: number }[]
    const count = Number(tasks.headers.get('x-total-count'))
    if (run!.status !== 'Success' || count !== wanted || task!.total !== tags || task!.retained >= tags)
      throw new Error(`the run did not succeed: ${JSON.stringify({ run, count, task })}`)
    const [first, second] = [samples.slice(0, samples.length >> 1), samples.slice(samples.length >> 1)]
    const [early, highest] = [Math.max(before, ...first), Math.max(...samples)]
    return { seconds, bytes: highest - before, lateBytes: Math.max(0, Math.max(...second) - early) }
  }
}

function residentOf(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1024
}

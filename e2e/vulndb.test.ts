/** Imports of databases of vulnerabilities whose process is killed. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { socketUrl } from './faults/kills.ts'
import { basic } from './http.ts'
import { makeFolder, runMarina, startMarina } from './marina.ts'
import { startWorker } from './worker.ts'

test('an import that is killed leaves the database in use, runs again, and ends with a reason if need be', async () => {
  await using top = await makeFolder()
  const [dataDir, scratch] = [path.join(top.dir, 'data'), path.join(top.dir, 'scratch')]
  await Promise.all([dataDir, scratch].map((folder) => mkdir(folder)))
  await using marina = await startMarina({ dataDir, env: { MARINA_WORKERS: 'none' } })
  const database = new Client(socketUrl(dataDir))
  await database.connect()
  try {
    const headers = basic(marina.password!)
    const get = async <Answer>(at: string) =>
      (await (await fetch(`${marina.url}/api/v2.0/system/vulndb${at}`, { headers })).json()) as Answer
    const inUse = async () => (await get<{ state: string; current?: { id: number; source: string } }>('')).current
    const newest = async () => (await get<Run[]>('/imports?page_size=1'))[0]!
    const count = async (text: string) => Number((await database.query<{ count: string }>(text)).rows[0]!.count)
    const rowsOfNoUse = () =>
      count(
        `select count(*) from advisory where generation_id not in (select id from vulndb_generation where is_ready)`,
      )
    const folders = async () => (await readdir(scratch)).filter((name) => name.startsWith('marina-vulndb-'))

    /** Asks for an import of these records, each of which is a layer of its own. */
    const ask = async (...records: string[]) => {
      const files = await Promise.all(records.map((id) => writeRecord(top.dir, id)))
      const env = {
        HOME: top.dir,
        MARINA_CLI_URL: marina.url,
        MARINA_CLI_USERNAME: 'admin',
        MARINA_CLI_PASSWORD: marina.password!,
      }
      const args = ['vulndb', 'import', ...files, '--to', `library/db:${records.join('-')}`, '--no-wait']
      const { code, stderr } = await runMarina(args, { env, cwd: top.dir })
      assert.equal(code, 0, stderr)
    }
    const work = (failpoint?: string) =>
      startWorker(dataDir, {
        TMPDIR: scratch,
        ...(failpoint === undefined ? {} : { MARINA_FAILPOINTS: failpoint }),
      })
    const killedAt = async (failpoint: string) =>
      assert.deepEqual(await once(work(failpoint), 'exit'), [null, 'SIGKILL'])
    /** Runs a worker until the newest import has ended. */
    const ended = async (): Promise<Run> => {
      const worker = work()
      const exited = once(worker, 'exit')
      try {
        for (const end = performance.now() + 120_000; performance.now() < end; await sleep(100)) {
          const run = await newest()
          if (['Success', 'Error', 'Stopped'].includes(run.job_status)) return run
        }
        throw new Error('the import has not ended')
      } finally {
        worker.kill('SIGTERM')
        assert.deepEqual(await exited, [0, null])
      }
    }

    await ask('one')
    assert.equal((await ended()).job_status, 'Success')
    const first = (await inUse())!

    await ask('two', 'three')
    await killedAt('vulndb.written')
    assert.deepEqual([await inUse(), await rowsOfNoUse(), (await folders()).length], [first, 1, 1])
    await killedAt('vulndb.switched')
    assert.deepEqual([await inUse(), await rowsOfNoUse()], [first, 2])
    assert.equal((await ended()).job_status, 'Success')
    const second = (await inUse())!
    assert.notEqual(second.source, first.source)
    assert.deepEqual([await rowsOfNoUse(), await folders()], [0, []])
    assert.equal(await count(`select count(*) from advisory where generation_id = ${second.id}`), 2)

    await ask('four', 'five')
    for (let time = 0; time < 3; time++) await killedAt('vulndb.written')
    const { id, job_status: status } = await ended()
    assert.deepEqual([status, await inUse()], ['Error', second])
    const { rows } = await database.query(`select status_message from execution where id = ${id}`)
    assert.deepEqual(rows, [{ status_message: 'the process that ran this job is gone' }])
    await ask('six')
    assert.equal((await ended()).job_status, 'Success')
    assert.deepEqual([await rowsOfNoUse(), await folders()], [0, []])
    assert.equal(await count('select count(*) from vulndb_generation where not is_ready'), 0)
  } finally {
    await database.end()
  }
  await marina.stop()
})

type Run = { id: number; job_status: string }

async function writeRecord(dir: string, id: string): Promise<string> {
  const file = path.join(dir, `${id}.json`)
  const events = [{ introduced: '0' }, { fixed: '2.0.0' }]
  const record = {
    id: `DEMO-${id}`,
    modified: new Date().toISOString(),
    affected: [{ package: { ecosystem: 'npm', name: id }, ranges: [{ type: 'SEMVER', events }] }],
  }
  await writeFile(file, JSON.stringify(record))
  return file
}

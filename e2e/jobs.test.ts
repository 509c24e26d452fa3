/** docs/operate/jobs.md, command by command, with the jobs in a process of their own. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { basic } from './http.ts'
import { smallImage } from './image.ts'
import { cleanEnvironment, end, makeFolder, root, run, runMarina, startMarina } from './marina.ts'

test('all commands of the page about jobs work in their order, with serve and work as two processes', async () => {
  await using top = await makeFolder()
  const dataDir = path.join(top.dir, 'data')
  await mkdir(dataDir)
  const alone = await runMarina(['work'], {
    cwd: dataDir,
    env: { MARINA_DATA_DIR: dataDir, MARINA_METRICS_PORT: 'off' },
  })
  assert.deepEqual(
    [alone.code, alone.stderr],
    [1, 'marina: marina work runs beside marina serve on the same data folder, or with MARINA_DATABASE_URL\n'],
  )

  await using marina = await startMarina({ dataDir, env: { MARINA_WORKERS: 'none' } })
  const image = await smallImage(path.join(top.dir, 'image'), 'one')
  await run([
    'skopeo',
    'copy',
    '--quiet',
    '--dest-tls-verify=false',
    '--dest-creds',
    `admin:${marina.password!}`,
    image.source,
    `docker://${marina.host}/library/app:1.0`,
  ])
  const pools = async () =>
    (await (await fetch(`${marina.url}/api/v2.0/jobservice/pools`, { headers: basic(marina.password!) })).json()) as {
      pid: number
    }[]
  assert.deepEqual(await pools(), [])

  const worker = spawn(process.execPath, [path.join(root, 'server/main.ts'), 'work'], {
    cwd: dataDir,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: cleanEnvironment({ MARINA_DATA_DIR: dataDir, MARINA_METRICS_PORT: 'off' }),
  })
  const exited = once(worker, 'exit')
  try {
    await once(worker.stdout, 'data')
    assert.deepEqual(
      (await pools()).map(({ pid }) => pid),
      [worker.pid],
    )
    const page = await readFile(path.join(root, 'docs/operate/jobs.md'), 'utf8')
    const blocks = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, commands]) => commands!).slice(1)
    const script = [`at=${marina.host}\nadmin='admin:${marina.password!}'\n`, ...blocks].join(
      '\necho; echo "== next"\n',
    )
    const { code, stdout, stderr } = await end(['bash', '-euo', 'pipefail', '-c', script], { cwd: top.dir })
    assert.equal(code, 0, `${stdout.slice(-3000)}\n${stderr.slice(-3000)}`)
    const said = stdout.split(/^== next\n/m).slice(1)
    assert.match(said[0]!, /"pid":\d+[^]*"job_type":"ARTIFACT_EXPORT"[^]*"vendor_type":"SYSTEM_ARTIFACT_CLEANUP"/)
    assert.match(said[1]!, /\{"paused":true\}/)
    assert.match(said[3]!, /"project","repository"[^]*"library","library\/app","sha256:[0-9a-f]{64}","IMAGE","1\.0"/)
  } finally {
    worker.kill('SIGTERM')
  }
  assert.deepEqual(await exited, [0, null])
  assert.deepEqual(await pools(), [])
  await marina.stop()
})

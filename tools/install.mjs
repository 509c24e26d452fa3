// Runs before `npm start` and `npm test`, and installs what is missing; quick when nothing is. Plain JavaScript for any
// Node from 20 on and without packages, because it installs the packages, and the Node that Marina runs on.
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import * as fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hashOfPortal, readCurrent } from '../portal/hash.mjs'
import { findBundle } from '../server/bundle/find.mjs'
import { hashOfLock, inRoot, isInstalled, readStamp, root, stampFile } from './installed.mjs'

const lockFile = inRoot('.cache', 'install.lock')
const minimumNode = 24
const staleLockMs = 15_000

/**
 * Debian starts services when it installs them. The tests start their own, so that policy-rc.d forbids it (exit 101).
 */
const aptScript = `
  set -e
  export DEBIAN_FRONTEND=noninteractive
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' INT TERM
    printf '#!/bin/sh\\nexit 101\\n' > "$policy"
    chmod 755 "$policy"
  fi
  # Debian's PostgreSQL makes a cluster and a service of its own name, where there was none before.
  unit=/lib/systemd/system/postgresql.service
  [ -e "$unit" ] && new= || new=postgresql
  # The units of docker.io have other names than the package.
  [ -e /lib/systemd/system/docker.service ] || new="$new docker.socket docker.service"
  apt-get update
  apt-get install -y --no-install-recommends "$@"
  for service in "$@" $new; do systemctl disable "$service" >/dev/null 2>&1 || true; done
`

try {
  const withTools = process.argv.includes('--with-tools')
  await ensurePackages(withTools)
  checkNode()
  await ensurePortal(withTools)
  await ensureBundle()
  if (withTools) await ensureTools()
} catch (error) {
  console.error(`marina: ${error.message}`)
  process.exit(1)
}

async function ensurePackages(withDev) {
  if (isInstalled(withDev)) return
  if (fs.lstatSync(inRoot('node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) {
    return console.log('marina: node_modules is a link, so its packages are left as they are')
  }
  await holdingLock(async () => {
    if (!isInstalled(withDev)) await install(withDev || readStamp()?.dev === true)
  })
}

async function install(withDev) {
  const args = ['ci', withDev ? '--include=dev' : '--omit=dev', '--loglevel=error', '--no-audit', '--no-fund']
  console.log(`marina: installing packages (npm ${args[0]} ${args[1]})`)
  const npm = process.env.npm_execpath
  const [file, first] = npm === undefined ? ['npm', []] : /\.[cm]?js$/.test(npm) ? [process.execPath, [npm]] : [npm, []]
  await run(file, [...first, ...args])
  await dropNodeThatDoesNotRun()
  fs.writeFileSync(stampFile, JSON.stringify({ lock: hashOfLock(), dev: withDev }))
}

/** Removes the Node among the packages where it does not run: it needs glibc, which Alpine does not have. */
async function dropNodeThatDoesNotRun() {
  const file = inRoot('node_modules', '.bin', 'node')
  if (fs.existsSync(file)) await run(file, ['--version']).catch(() => fs.rmSync(file))
}

function checkNode() {
  if (
    fs.existsSync(inRoot('node_modules', '.bin', 'node')) ||
    Number.parseInt(process.versions.node, 10) >= minimumNode
  )
    return
  throw new Error(
    `Marina needs Node ${minimumNode} or newer, and its packages bring none for ${process.platform}-${process.arch}: ` +
      `this is Node ${process.version}, install a newer one from nodejs.org and start again`,
  )
}

/** Builds the portal when its sources have changed. The registry starts without one, so that only tests need it. */
async function ensurePortal(isNeeded) {
  if (readCurrent() === hashOfPortal()) return
  const own = inRoot('node_modules', '.bin', 'node')
  try {
    await run(fs.existsSync(own) ? own : process.execPath, [inRoot('portal', 'build.ts')])
  } catch (error) {
    if (isNeeded) throw error
    console.error(`marina: there is no portal, because it was not built: ${error.message}`)
  }
}

/** Bundles the server when its sources have changed. Without a bundle it takes more memory, and starts later. */
async function ensureBundle() {
  if (findBundle() !== undefined) return
  const own = inRoot('node_modules', '.bin', 'node')
  try {
    await run(fs.existsSync(own) ? own : process.execPath, [inRoot('server', 'bundle', 'build.ts')])
  } catch (error) {
    console.error(`marina: the server runs from its sources, because it was not bundled: ${error.message}`)
  }
}

async function ensureTools() {
  const missing = readTools().filter(({ command }) => !isOnPath(command))
  if (missing.length === 0) return
  const packages = [...new Set(missing.map(({ name }) => name))]
  const byHand = `apt-get install -y --no-install-recommends ${packages.join(' ')}`
  if (!isOnPath('apt-get'))
    throw new Error(`the tests need commands that are missing here; on Debian they come by: ${byHand}`)
  if (!isRoot() && !isOnPath('sudo')) throw new Error(`the tests need system packages; as root, run: ${byHand}`)
  await holdingLock(() => installTools(packages, byHand))
}

async function installTools(packages, byHand) {
  console.log(`marina: installing ${packages.join(', ')} with apt-get, as the tests call them`)
  const shell = ['sh', '-c', aptScript, 'sh', ...packages]
  await (isRoot() ? run('sh', shell.slice(1)) : run('sudo', ['-n', ...shell])).catch((error) => {
    throw new Error(`${error.message}\nthe tests need system packages; as root, run: ${byHand}`)
  })
  const still = readTools().filter(({ command }) => !isOnPath(command))
  if (still.length > 0)
    throw new Error(`still missing after apt-get: ${still.map(({ command }) => command).join(', ')}`)
}

function isRoot() {
  return process.getuid?.() === 0
}

function readTools() {
  const lines = fs.readFileSync(inRoot('tools', 'debian-packages.txt'), 'utf8').split('\n')
  return lines
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => line.trim().split(/\s+/))
    .map(([command, name]) => ({ command, name }))
}

/** Some of Debian's commands are in folders that only root has in its PATH. */
function isOnPath(command) {
  if (path.isAbsolute(command)) return fs.existsSync(command)
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin']
  return folders.some((folder) => folder !== '' && fs.existsSync(path.join(folder, command)))
}

/** Runs a program and throws with its whole output when it fails. */
async function run(file, args) {
  const child = spawn(file, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data))
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) => resolve(signal ?? status))
  })
  if (code !== 0)
    throw new Error(`${file} ${args.slice(0, 3).join(' ').slice(0, 60)} ended with ${code}\n${said.trim()}`)
}

/**
 * Runs `work` under a lock on this folder. The holder touches the lock's file meanwhile: that of a killed one grows
 * stale.
 */
async function holdingLock(work) {
  fs.mkdirSync(path.dirname(lockFile), { recursive: true })
  while (!tryLock()) await sleep(200)
  const beat = setInterval(() => fs.utimesSync(lockFile, new Date(), new Date()), staleLockMs / 5)
  try {
    await work()
  } finally {
    clearInterval(beat)
    fs.rmSync(lockFile, { force: true })
  }
}

function tryLock() {
  try {
    fs.writeFileSync(lockFile, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
  if (ageOf(lockFile) > staleLockMs) removeStaleLock()
  return false
}

/**
 * Renames the lock before it removes it, so that one process gets it; a lock that was renewed meanwhile is put back.
 */
function removeStaleLock() {
  const aside = `${lockFile}.${randomUUID()}`
  try {
    fs.renameSync(lockFile, aside)
    if (ageOf(aside) <= staleLockMs) fs.linkSync(aside, lockFile)
    fs.rmSync(aside)
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes(error.code)) throw error
  }
}

function ageOf(file) {
  const found = fs.statSync(file, { throwIfNoEntry: false })
  return found === undefined ? 0 : Date.now() - found.mtimeMs
}

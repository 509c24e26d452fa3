/**
 * The test command: types, lint, then every test file on one shared PostgreSQL. Arguments keep the files whose path contains
 * one of them. The last line is `N passed, N failed`.
 */
import { spawn } from 'node:child_process'
import { globSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { run } from 'node:test'
import type { EventData } from 'node:test'
import { openTestServer } from '../server/testing/postgres-server.ts'

const root = path.resolve(import.meta.dirname, '..')
const perTestMs = 120_000
const filesAtOnce = 2
/** Takes as long as half of the others together: begun last, it would go on alone at the end. */
const longest = 'e2e/faults/kill-loop.test.ts'

type Count = { passed: number; failed: number }

const stopping = new AbortController()
process.once('SIGINT', () => stopping.abort())
process.once('SIGTERM', () => stopping.abort())
process.exitCode = await main(process.argv.slice(2))

async function main(words: string[]): Promise<number> {
  const counts = [await runTool('types', 'tsc', ['--noEmit']), await runTool('lint', 'oxlint', ['--type-aware', '--deny-warnings'])]
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
  const all = globSync('{oci,api,server,cli,tools,e2e}/**/*.test.ts', { cwd: root, exclude: (name) => name === 'node_modules' }).sort((a, b) => Number(b === longest) - Number(a === longest) || (a < b ? -1 : 1))
  const files = words.length === 0 ? all : all.filter((file) => words.some((word) => file.includes(word)))
  console.log(`== tests: ${files.length} of ${all.length} files, ${filesAtOnce} at a time`)
  if (stopping.signal.aborted) return { passed: 0, failed: 1 }
  if (files.length === 0) return fail(`no test file has ${words.join(' or ')} in its path`)
  const scratch = await realpath(await mkdtemp(path.join(tmpdir(), 'marina-test-')))
  // Tests that run something as another user need to be entered, yet nobody else need list them.
  await chmod(scratch, 0o711)
  process.env['TMPDIR'] = scratch
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

async function runOnPostgres(files: string[]): Promise<Count> {
  await using postgres = await openTestServer()
  process.env['MARINA_TEST_POSTGRES'] = postgres.url
  return await watch(files)
}

/** Tests that were cut short could not end what they had started. Whatever works in the scratch folder is theirs. */
function endAllIn(scratch: string): string[] {
  if (process.platform !== 'linux') return []
  const pids = readdirSync('/proc').map(Number).filter((pid) => pid > 0 && worksIn(pid, scratch))
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

/** Counts tests, not suites nor files; a file that ends badly outside its tests counts as one failure. */
async function watch(files: string[]): Promise<Count> {
  const count: Count = { passed: 0, failed: 0 }
  const perFile = new Map<string, { passed: number; ms: number }>()
  const failures: string[] = []
  const stream = run({ files: files.map((file) => path.join(root, file)), concurrency: filesAtOnce, execArgv: [`--test-timeout=${perTestMs}`], signal: stopping.signal, cwd: root })
  stream.on('test:pass', (event: EventData.TestPass) => {
    if (event.details.type === 'suite') return
    const complaint = isFile(event) ? 'holds no test' : event.skip !== undefined || event.todo !== undefined ? 'was skipped' : undefined
    if (complaint !== undefined) {
      count.failed++
      failures.push(`✖ ${event.name} ${complaint}`)
      return console.log(failures.at(-1))
    }
    count.passed++
    const seen = perFile.get(event.file ?? '') ?? { passed: 0, ms: 0 }
    perFile.set(event.file ?? '', { passed: seen.passed + 1, ms: seen.ms + (event.details.duration_ms ?? 0) })
  })
  stream.on('test:fail', (event: EventData.TestFail) => {
    if (isEchoOfChild(event)) return
    count.failed++
    const failure = describeFailure(event)
    failures.push(failure)
    console.log(failure)
  })
  stream.on('test:stderr', ({ message }) => void process.stderr.write(message))
  stream.on('test:stdout', ({ message }) => void process.stdout.write(message))
  for await (const _ of stream);
  for (const [file, { passed, ms }] of perFile) console.log(`✔ ${path.relative(root, file)}: ${passed} in ${(ms / 1000).toFixed(1)} s`)
  // Once more: whoever keeps only the end of a long log still learns what failed.
  for (const failure of failures) console.log(failure)
  return count
}

type TestEvent = { name: string; nesting: number; file?: string | undefined }

/** The runner reports each file as a test of its own when the file did not end well, or held no test. */
function isFile({ name, nesting, file }: TestEvent): boolean {
  return nesting === 0 && file !== undefined && path.resolve(root, name) === path.resolve(file)
}

/** A suite or a file that failed only because a test in it did: that test was printed already. */
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

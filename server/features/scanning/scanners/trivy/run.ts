import { stripVTControlCharacters } from 'node:util'
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setPriority } from 'node:os'
import { ScanRefused } from '../scanner.ts'

/** What one run of the program may take. `outputBytes`: of standard output; times in ms. */
export type RunBounds = { timeoutMs: number; memoryBytes: number; outputBytes: number }
type Asked = { program: string; args: string[]; folder: string; env?: Record<string, string>; bounds: RunBounds }

/** What is kept of standard error, in characters: its end, for the reason of a failure. */
const errorLength = 4096
/** How often the memory of the program is looked at, in ms. */
const lookEveryMs = 200

/**
 * Runs a program without a shell and with an environment of its own, behind everything else, and returns its standard
 * output. It is killed when it takes more than its bounds, or when the signal is aborted. Throws ScanRefused.
 */
export async function runBounded(
  { program, args, folder, env = {}, bounds }: Asked,
  signal?: AbortSignal,
): Promise<Buffer> {
  signal?.throwIfAborted()
  const child = spawn(program, args, {
    cwd: folder,
    // Its folders are ours, and the memory that Go gives back early is below what it is killed at.
    env: { HOME: folder, TMPDIR: folder, GOMEMLIMIT: String(Math.floor(bounds.memoryBytes * 0.8)), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: false,
  })
  let why: Error | undefined
  const kill = (error: Error) => {
    why ??= error
    child.kill('SIGKILL')
  }
  const abort = () => kill(signal!.reason as Error)
  signal?.addEventListener('abort', abort, { once: true })
  const late = `the program took longer than ${bounds.timeoutMs / 1000} s (MARINA_TRIVY_TIMEOUT)`
  const timer = setTimeout(() => kill(new ScanRefused(late)), bounds.timeoutMs)
  const watch = setInterval(() => void look(child.pid, bounds.memoryBytes, kill), lookEveryMs)
  const output = collect(child.stdout, bounds.outputBytes, kill)
  let said = ''
  child.stderr.on('data', (data: Buffer) => (said = (said + data.toString('utf8')).slice(-errorLength)))
  try {
    const { code, signal: by } = await ended(child, program)
    if (why) throw why
    if (code !== 0) throw new ScanRefused(`the program ended with ${by ?? code}: ${lastLine(said)}`)
    return Buffer.concat(output)
  } finally {
    clearTimeout(timer)
    clearInterval(watch)
    signal?.removeEventListener('abort', abort)
  }
}

function ended(
  child: ReturnType<typeof spawn>,
  program: string,
): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  if (child.pid !== undefined)
    try {
      setPriority(child.pid, 10)
    } catch {
      // It has ended already.
    }
  const { promise, resolve, reject } = Promise.withResolvers<{ code: number | null; signal: NodeJS.Signals | null }>()
  child.once('error', (error) => reject(new ScanRefused(`${program} cannot be run: ${error.message}`)))
  child.once('close', (code, signal) => resolve({ code, signal }))
  return promise
}

function collect(stdout: NodeJS.ReadableStream, most: number, kill: (error: Error) => void): Buffer[] {
  const parts: Buffer[] = []
  let size = 0
  stdout.on('data', (part: Buffer) => {
    size += part.length
    if (size > most) kill(new ScanRefused(`the program wrote more than ${most} bytes (MARINA_SCAN_REPORT)`))
    else parts.push(part)
  })
  return parts
}

/** Where the system tells (Linux), the memory of the program is held to its bound. */
async function look(pid: number | undefined, most: number, kill: (error: Error) => void): Promise<void> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? []
  if (Number(kibibytes ?? 0) * 1024 > most)
    kill(new ScanRefused(`the program took more than ${most} bytes of memory (MARINA_TRIVY_MEMORY)`))
}

/** One visible line of what a program said last. */
function lastLine(text: string): string {
  const plain = stripVTControlCharacters(text)
  const lines = plain.split('\n').flatMap((line) => line.replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ').trim() || [])
  return (lines.at(-1) ?? 'it said nothing').slice(0, 500)
}

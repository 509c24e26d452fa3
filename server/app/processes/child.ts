import { fork, type ChildProcess } from 'node:child_process'
import path from 'node:path'
import { ConfigError } from '../../config/config.ts'
import type { Kept } from '../../platform/processes/keeper.ts'
import { openLine, type Line } from '../../platform/processes/line.ts'
import type { Figures, ToServing, ToSupervisor } from './seat.ts'

/** A serving process, seen by the one that started it. */
export type Child = Kept & {
  pid: number
  line: Line<ToServing>
  /** Begins to serve. Rejects with the error of a start that failed. */
  serve(order: Extract<ToServing, { kind: 'start' }>): Promise<Ready>
  /** Its lease on the cache, once it has one. */
  lease(): string | undefined
  /** What it sent last of its metrics, when it ended because it was asked to. */
  lastFigures(): Figures | undefined
  kill(): void
}

type Ready = { port: number; firstPassword: string | undefined }

type ChildOptions = {
  onTold(subject: string): void
  onLoad(part: number): void
  onAsked(question: string): unknown
  /** How long it may take to stop, in ms; then it is killed. */
  stopMs: number
}

const entry = new URL('./serving.ts', import.meta.url)
/**
 * V8's young generation stays small: 2 MiB for each half instead of 16. Lists of artifacts leave so little garbage that
 * a list takes hardly longer (docs/decisions/0064-memory.md).
 */
const lean = ['--max-semi-space-size=2']
/** Set for the process from its first file on: with that file already compiled, it need not load a compiler. */
const compileCache = path.join(import.meta.dirname, '../../../.cache/compile')

/**
 * One heap for all threads, and memory given back as soon as it is free: glibc would make a heap for each thread (4 MiB
 * after a start, more under load), and keep freed blocks of up to 32 MiB. Blocks from 20 KiB on come from the kernel,
 * and go back to it; TLS takes a new block of 16 KiB for each record, for which that would cost more than the record.
 * Other C libraries ignore these variables. The last one is for mimalloc, which the package for passwords brings: it
 * would take a huge page of 2 MiB for itself.
 */
const thrifty = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '20480',
  MALLOC_TRIM_THRESHOLD_: '65536',
  MIMALLOC_ALLOW_THP: '0',
}

/** Starts a serving process. It loads its code at once, and serves when it gets its order. */
export function startChild({ onTold, onLoad, onAsked, stopMs }: ChildOptions): Child {
  const env = { ...thrifty, ...process.env, NODE_COMPILE_CACHE: compileCache }
  const execArgv = [...process.execArgv, ...lean]
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const
  const child = fork(entry, [], { env, execArgv, serialization: 'advanced', stdio: [...stdio] })
  const ready = Promise.withResolvers<Ready>()
  ready.promise.catch(() => {})
  let figures: Figures | undefined
  let lease: string | undefined
  const exited = endOf(child)
  const line = openLine<ToSupervisor, ToServing>(child, {
    onAsked,
    onTold(message) {
      if (message.kind === 'ready') ready.resolve(message)
      else if (message.kind === 'refused') ready.reject(errorOf(message))
      else if (message.kind === 'told') onTold(message.subject)
      else if (message.kind === 'lease') lease = message.id
      else if (message.kind === 'load') onLoad(message.part)
      else ({ figures } = message)
    },
  })
  void exited.then((how) => ready.reject(new Error(`a serving process ${how} before it was ready`)))
  return {
    pid: child.pid ?? 0,
    line,
    exited,
    serve(order) {
      line.tell(order)
      return ready.promise
    },
    lease: () => lease,
    lastFigures: () => figures,
    kill: () => void child.kill('SIGKILL'),
    async stop() {
      line.tell({ kind: 'stop' })
      const late = setTimeout(() => child.kill('SIGKILL'), stopMs)
      await exited
      clearTimeout(late)
    },
  }
}

/** Never rejects. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`))
    child.once('exit', (code, signal) => resolve(signal ? `was ended by ${signal}` : `ended with exit code ${code}`))
  })
}

/** An error as it was in the other process, as far as the text of a failed start needs it. */
function errorOf({ name, message, code, stack }: Extract<ToSupervisor, { kind: 'refused' }>): Error {
  const error: NodeJS.ErrnoException = name === 'ConfigError' ? new ConfigError(message) : new Error(message)
  if (code !== undefined) error.code = code
  if (stack !== undefined) error.stack = stack
  return error
}

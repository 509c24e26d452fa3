import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

type Ended = { code: number | null; stdout: string; stderr: string }
type Options = { stdin?: string; env?: NodeJS.ProcessEnv }
/** What a person types when the terminal shows a text. */
type Typed = [shown: string | RegExp, keys: string]

export type CommandLine = AsyncDisposable & {
  /** The folder in place of ~/.config. */
  configDir: string
  /** The saved logins, as text. */
  saved(): Promise<string>
  /** Runs `marina` with these words to its end; stdin is no terminal. */
  run(words: string[], options?: Options): Promise<Ended>
  /** The same, at a pseudo-terminal of so many columns: `output` is what it shows, colours included. */
  atTerminal(words: string[], typed?: Typed[], more?: { columns?: number; env?: NodeJS.ProcessEnv }): Promise<Shown>
}

type Shown = { code: number | null; output: string }

const main = resolve(import.meta.dirname, '../main.ts')
/** A hang ends the test; a busy machine is not a hang. */
const limitMs = 120_000

/** The program `marina` as users run it, in a process of its own, with saved logins in a folder of its own. */
export async function openCommandLine(variables: NodeJS.ProcessEnv = {}): Promise<CommandLine> {
  const configDir = await mkdtemp(join(tmpdir(), 'marina-cli-'))
  const envOf = (more: NodeJS.ProcessEnv = {}) => ({
    ...cleanEnvironment(),
    XDG_CONFIG_HOME: configDir,
    HOME: configDir,
    TZ: 'UTC',
    TERM: 'xterm',
    ...variables,
    ...more,
  })
  return {
    configDir,
    saved: () => readFile(join(configDir, 'marina/config.json'), 'utf8'),
    async run(words, { stdin = '', env } = {}) {
      const child = spawn(process.execPath, [main, ...words], { cwd: configDir, env: envOf(env) })
      child.stdin.on('error', () => {}).end(stdin)
      return end(child)
    },
    async atTerminal(words, typed = [], { columns = 80, env } = {}) {
      const line = [process.execPath, main, ...words].map(quote).join(' ')
      const command = `stty cols ${columns} rows 40; exec ${line}`
      const child = spawn('script', ['-qefc', command, '/dev/null'], { cwd: configDir, env: envOf(env) })
      const waiting = [...typed]
      let seen = ''
      child.stdout.on('data', (data: Buffer) => {
        seen += String(data)
        const [shown, keys] = waiting[0] ?? []
        if (shown === undefined || !(typeof shown === 'string' ? seen.includes(shown) : shown.test(seen))) return
        waiting.shift()
        seen = ''
        child.stdin.write(keys!)
      })
      child.stdin.on('error', () => {})
      const { code, stdout } = await end(child)
      return { code, output: stdout.replaceAll('\r\n', '\n') }
    },
    [Symbol.asyncDispose]: () => rm(configDir, { recursive: true, force: true }),
  }
}

/** Without the settings of the shell that runs the tests. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:MARINA_|NO_COLOR$|FORCE_COLOR$|\w+_proxy$)/i.test(name),
  )
  return Object.fromEntries(kept)
}

/** Commands that must succeed: `good` returns what they print, `json` what they print as JSON. */
export function succeeding(cli: () => CommandLine, env: NodeJS.ProcessEnv = {}) {
  const good = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await cli().run(words, { env })
    assert.equal(code, 0, `${words.join(' ')}: ${stderr}`)
    return stdout.trimEnd()
  }
  const json = async <Answer>(...words: string[]): Promise<Answer> =>
    JSON.parse(await good(...words, '-o', 'json')) as Answer
  return { good, json }
}

const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`

async function end(child: ChildProcess): Promise<Ended> {
  let [stdout, stderr] = ['', '']
  child.stdout!.on('data', (data: Buffer) => (stdout += String(data)))
  child.stderr!.on('data', (data: Buffer) => (stderr += String(data)))
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
  const code = await new Promise<number | null>((done, reject) => child.once('error', reject).once('close', done))
  clearTimeout(timer)
  return { code, stdout, stderr }
}

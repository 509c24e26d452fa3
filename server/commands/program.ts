import { ConfigError } from '../config/config.ts'
import { loadFor } from './load.ts'
import { serve } from './serve.ts'
import { work } from './work.ts'

/** Their processes last, and would keep the 3 MiB that the parser of command lines takes. */
const lasting = [serve, work]

/** Runs a command on the machine of the server, or shows help. Sets the exit code; never throws. */
export async function runProgram(words: string[]): Promise<void> {
  const alone = words.length === 1 ? lasting.find(({ name }) => name === words[0]) : undefined
  try {
    if (alone) await alone.run({}, { load: () => loadFor() })
    else await (await import('./command-line.ts')).runCommandLine(words)
  } catch (error) {
    process.stderr.write(`marina: ${textOf(error as NodeJS.ErrnoException)}\n`)
    process.exitCode = 1
  }
}

/** One sentence; for an unexpected error, at log level debug, its stack. */
function textOf(error: NodeJS.ErrnoException): string {
  const isExpected = error instanceof ConfigError || error.code !== undefined
  const isAsked = process.env.MARINA_LOG_LEVEL?.includes('debug') === true
  return (isExpected || !isAsked ? undefined : error.stack) ?? error.message
}

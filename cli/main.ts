import { Command as Program, CommanderError } from 'commander'
import { describeFailure } from './lib/failure.ts'
import { exitCodes } from './lib/problem.ts'
import { addClientCommand } from './lib/program.ts'
import { clientCommands, type ClientCommand } from './nouns.ts'

/** Runs one command that talks to a server: `words` begin with its name. Sets the exit code; never throws. */
export async function runClient(command: ClientCommand, words: string[]): Promise<void> {
  const program = new Program('marina').exitOverride().showHelpAfterError('(--help shows how)')
  try {
    await load(program, command)
    await program.parseAsync(words, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage
    else fail(error)
  }
}

/** A program of all client commands, which completion is written from. */
export async function openClientProgram(): Promise<Program> {
  const program = new Program('marina')
  for (const command of clientCommands) await load(program, command)
  return program
}

async function load(program: Program, { name, about, aliases = [], load: open }: ClientCommand): Promise<void> {
  const loaded = await open()
  const words = { name, about, aliases }
  addClientCommand(program, Array.isArray(loaded) ? { ...words, verbs: loaded } : { ...loaded, ...words })
}

function fail(error: unknown): void {
  const { lines, exitCode } = describeFailure(error)
  process.stderr.write(`marina: ${lines.join('\n        ')}\n`)
  process.exitCode = exitCode
}

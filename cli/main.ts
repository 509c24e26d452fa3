import { Command as Program, CommanderError } from 'commander'
import { describeFailure, type Failed } from './lib/failure.ts'
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
    else fail(error, program)
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

function fail(error: unknown, program: Program): void {
  const { lines, exitCode } = describeFailure(error, nameCommand(program))
  process.stderr.write(`marina: ${lines.join('\n        ')}\n`)
  process.exitCode = exitCode
}

/** The command that ran, with its arguments and without its options, which may hold secrets. */
function nameCommand(program: Program): Failed {
  const [first] = program.commands
  const verb = first?.commands.find(
    (one) => one.name() === first.args[0] || one.aliases().includes(first.args[0] ?? ''),
  )
  if (!first || !verb) return { words: [first?.name() ?? '', ...(first?.args ?? [])], noun: undefined }
  return { words: [first.name(), verb.name(), ...verb.args], noun: first.name() }
}

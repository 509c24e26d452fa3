import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Command as Program, CommanderError } from 'commander'
import { runClient } from '../../cli/main.ts'
import { clientCommands, findClientCommand } from '../../cli/nouns.ts'
import { admin } from './admin.ts'
import { cache } from './cache.ts'
import { addCommand } from './command.ts'
import { completion } from './completion.ts'
import { config } from './config.ts'
import { fsck } from './fsck.ts'
import { keys } from './keys.ts'
import { migrate } from './migrate.ts'
import { loadFor } from './load.ts'
import { serve } from './serve.ts'
import { undelete } from './undelete.ts'
import { work } from './work.ts'

/** Each command imports what it needs when it runs, so that help, config and completion answer at once. */
const commands = [serve, work, migrate, config, fsck, undelete, keys, admin, cache, completion]

/** Wrong words on the command line; the client commands end with the same code. */
const usageExitCode = 2

/** Runs the command that the words name, or shows help. Sets the exit code for wrong words; a command may throw. */
export async function runCommandLine(words: string[]): Promise<void> {
  const program = new Program('marina')
    .description('A container registry platform: one program, simple to start and hard to break.')
    .version(readVersion(), '-V, --version', 'print the version')
    .option('--config <file>', 'YAML file with settings of the server (default: marina.yaml, when there is one)')
    .showHelpAfterError('(marina --help lists the commands)')
    .showSuggestionAfterError()
    .exitOverride()
  const load = () => loadFor(program.opts<{ config?: string }>().config)
  program.commandsGroup('Commands on the machine of the server:')
  for (const command of commands) addCommand(program, command, { load, program })
  program.commandsGroup('Commands that talk to a running server:')
  addClientCommands(program)
  await parse(program, words)
}

/** Names and descriptions alone; `marina help projects` and `marina --config x projects` lead to the commands. */
function addClientCommands(program: Program): void {
  for (const command of clientCommands) {
    program
      .command(command.name)
      .description(command.about)
      .helpOption(false)
      .allowUnknownOption()
      .allowExcessArguments()
      .action((_options, { args }: Program) => runClient(command, [command.name, ...args]))
  }
}

async function parse(program: Program, words: string[]): Promise<void> {
  const asked = words[0] === 'help' ? findClientCommand(words[1]) : undefined
  if (asked) return runClient(asked, [...words.slice(1), '--help'])
  try {
    await program.parseAsync(words, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    process.exitCode = error.exitCode === 0 ? 0 : usageExitCode
  }
}

function readVersion(): string {
  const file = path.join(import.meta.dirname, '../../package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

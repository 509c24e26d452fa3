import { Argument, type Command as Program } from 'commander'
import type { LoadedConfig } from '../config/env.ts'

/** What a command is given besides its own arguments and options. */
export type Call = {
  /** The settings in force, from --config and the environment; throws ConfigError. */
  load(): Promise<LoadedConfig>
  /** The command line as a whole: completion is written from it. */
  program: Program
}

/** A command of `marina` as a value; `Given` holds its arguments and options by their names. */
export type Command<Given extends object = object> = {
  name: string
  /** The line that `marina --help` shows. */
  about: string
  arguments?: { name: string; about?: string; choices?: readonly string[] }[]
  options?: { flags: string; about: string; fallback?: string }[]
  run(given: Given, call: Call): Promise<void> | void
}

/** A command that can run without the command line that was parsed. */
export type LastingCommand = Command & { run(given: object, call: Pick<Call, 'load'>): Promise<void> }

/** A noun with verbs, such as `marina cache list`. */
export type CommandGroup = { name: string; about: string; commands: Command[] }

/** Adds a command, or a group with all of its commands, to the program. */
export function addCommand(program: Program, command: Command | CommandGroup, call: Call): void {
  const added = program.command(command.name).description(command.about)
  if ('commands' in command) for (const verb of command.commands) addCommand(added, verb, call)
  else addWords(added, command, call)
}

function addWords(added: Program, command: Command, call: Call): void {
  for (const { name, about, choices } of command.arguments ?? []) {
    const argument = new Argument(`<${name}>`, about)
    added.addArgument(choices ? argument.choices(choices) : argument)
  }
  for (const { flags, about, fallback } of command.options ?? []) added.option(flags, about, fallback)
  added.action(async () => {
    const words = (command.arguments ?? []).map(({ name }, place) => [name, added.processedArgs[place] as unknown])
    await command.run({ ...(Object.fromEntries(words) as object), ...added.opts() }, call)
  })
}

import { Argument, type Command as Program } from 'commander'
import type { LoadedConfig } from '../config/env.ts'

/** What a command is lent beside its own words. */
export type Call = {
  /** The settings in force, from --config and the environment; throws ConfigError. */
  load(): Promise<LoadedConfig>
  /** The command line as a whole: completion is written from it. */
  program: Program
}

/** A command of `marina` as a value; `Given` holds its arguments and options by their names. */
export type Command<Given extends object = object> = {
  name: string
  /** What help says of it. */
  about: string
  arguments?: { name: string; about?: string; choices?: readonly string[] }[]
  options?: { flags: string; about: string; fallback?: string }[]
  run(given: Given, call: Call): Promise<void> | void
}

/** A noun with verbs, such as `marina cache list`. */
export type CommandGroup = { name: string; about: string; commands: Command[] }

/** Teaches the program a command, or a noun with all of its verbs. */
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

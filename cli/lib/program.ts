import { Argument, Command as Program, Option as ProgramOption } from 'commander'
import { openCall, type CallOptions } from './call.ts'
import { formats } from './output.ts'
import type { Argument as Word, Noun, Option, Verb } from './verb.ts'

/** Adds a noun with its verbs, or a verb that stands alone such as `login`, to the program. */
export function addClientCommand(program: Program, command: Noun | Verb): void {
  if (!('verbs' in command)) return addVerb(program, command)
  const noun = program
    .command(command.name)
    .aliases(command.aliases ?? [])
    .description(command.about)
  for (const verb of command.verbs) addVerb(noun, verb)
}

/** What completion has to know of an argument or option beside its words. */
export const completedOf = new WeakMap<object, string>()

function addVerb(parent: Program, verb: Verb): void {
  const added = parent
    .command(verb.name)
    .aliases(verb.aliases ?? [])
    .description(verb.about)
  for (const word of verb.arguments ?? []) added.addArgument(argumentOf(word))
  for (const option of verb.options ?? []) added.addOption(optionOf(option))
  if (verb.asksFirst) {
    added.option('-y, --yes', 'do not ask').option('--dry-run', 'say what would happen, change nothing')
  }
  added.addOption(optionOf(outputOption))
  if (!verb.isLocal) {
    added.optionsGroup('Server:')
    for (const option of placeOptions) added.addOption(optionOf(option))
  }
  if (verb.examples) added.addHelpText('after', examplesOf(verb.examples))
  added.action(async () => {
    const words = (verb.arguments ?? []).map(({ name }, at) => [camel(name), added.processedArgs[at] as unknown])
    const given = { ...(Object.fromEntries(words) as object), ...added.opts<CallOptions>() }
    await verb.run(given, openCall(given, process.env))
  })
}

function argumentOf({ name, about, isOptional, isMany, choices, complete }: Word): Argument {
  const written = `${name}${isMany ? '...' : ''}`
  const argument = new Argument(isOptional ? `[${written}]` : `<${written}>`, about)
  if (complete) completedOf.set(argument, complete)
  return choices ? argument.choices(choices) : argument
}

function optionOf({ flags, about, fallback, choices, isRequired, isMany, complete }: Option): ProgramOption {
  const option = new ProgramOption(flags, about)
  if (choices) option.choices(choices)
  if (fallback !== undefined) option.default(fallback)
  if (isRequired) option.makeOptionMandatory()
  if (isMany) option.argParser((value: string, before?: string[]) => [...(before ?? []), value])
  if (complete) completedOf.set(option, complete)
  return option
}

const outputOption: Option = {
  flags: '-o, --output <format>',
  about: 'how the answer is written (default: MARINA_CLI_OUTPUT, or table)',
  choices: formats,
}

const placeOptions: Option[] = [
  { flags: '--context <name>', about: 'a saved login (default: the current one)', complete: 'context' },
  { flags: '--url <url>', about: 'the server, in place of a saved one' },
  { flags: '--ca <file>', about: 'certificates to trust beside the system’s, PEM' },
  { flags: '--insecure', about: 'do not check the certificate' },
  { flags: '--timeout <seconds>', about: 'of each request (default: 90)' },
]

function examplesOf(examples: [string, string][]): string {
  const width = Math.max(...examples.map(([line]) => line.length))
  const isNarrow = width > 60
  const lines = examples.map(([line, what]) =>
    isNarrow ? `  # ${what}\n  ${line}` : `  ${line.padEnd(width)}  # ${what}`,
  )
  return `\nExamples:\n${lines.join('\n')}`
}

const camel = (name: string) => name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())

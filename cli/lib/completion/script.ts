import type { Argument, Command as Program, Option } from 'commander'
import { completedOf } from '../program.ts'
import { bashScript } from './bash.ts'
import { fishScript } from './fish.ts'
import type { Flag, Place } from './places.ts'

/** A script that completes commands, options and what the server knows by name; written from the commands. */
export function completionScript(shell: 'bash' | 'zsh' | 'fish', programs: Program[]): string {
  const places = merge(programs.flatMap((program) => collect(program, '')))
  return shell === 'fish' ? fishScript(places) : bashScript(places, shell)
}

function collect(command: Program, path: string): Place[] {
  const below = command.commands.flatMap((one) => collect(one, path ? `${path} ${one.name()}` : one.name()))
  const own: Place = {
    path,
    aliases: path === '' ? [] : command.aliases(),
    words: [...command.commands.map((one) => one.name()), ...command.registeredArguments.flatMap(choicesOf)],
    options: [...command.options.map(flagOf), { names: ['--help'], about: 'show help', values: undefined }],
    kind: command.registeredArguments.map((one) => completedOf.get(one)).find(Boolean),
  }
  return [own, ...below]
}

const choicesOf = ({ argChoices = [] }: Argument | Option): string[] => argChoices

function flagOf(option: Option): Flag {
  const takesValue = option.required || option.optional
  const values = { choices: choicesOf(option), kind: completedOf.get(option) }
  const names = [option.short, option.long].filter((name) => name !== undefined)
  return { names, about: option.description, values: takesValue ? values : undefined }
}

/** One row for each path: of two rows the later one knows more, and its words are added to the first. */
function merge(places: Place[]): Place[] {
  const byPath = Map.groupBy(places, ({ path }) => path)
  return [...byPath.values()].map((same) => {
    const last = same.at(-1)!
    if (last.path !== '') return last
    return { ...same[0]!, words: [...new Set(same.flatMap(({ words }) => words))] }
  })
}

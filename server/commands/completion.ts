import type { Command as Program } from 'commander'
import type { Command } from './command.ts'
import { print } from './terminal.ts'

const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

export const completion: Command<{ shell: Shell }> = {
  name: 'completion',
  about: 'print a completion script for the shell',
  arguments: [{ name: 'shell', about: 'which one', choices: shells }],
  run: ({ shell }, { program }) => print(completionScript(shell, program)),
}

type Words = { path: string; words: string[] }

/** A script that completes commands, options and what an argument may be, written from the commands themselves. */
function completionScript(shell: Shell, program: Program): string {
  const all = collect(program, '')
  if (shell === 'fish') return fish(all)
  return `${shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}${bash(all, valuedOptions(program))}`
}

function collect(command: Program, path: string): Words[] {
  const names = command.commands.map((one) => one.name())
  const choices = command.registeredArguments.flatMap((one) => one.argChoices ?? [])
  const options = command.options.map((one) => one.long ?? one.short!)
  const below = command.commands.flatMap((one) => collect(one, path ? `${path} ${one.name()}` : one.name()))
  return [{ path, words: [...names, ...choices, ...options, '--help'] }, ...below]
}

/** Options that take a value: the word after them is no command. */
function valuedOptions(command: Program): string[] {
  const own = command.options.filter((one) => one.required).map((one) => one.long ?? one.short!)
  return [...own, ...command.commands.flatMap(valuedOptions)]
}

function bash(all: Words[], valued: string[]): string {
  const cases = all.map(({ path, words }) => `    "${path}") words="${words.join(' ')}" ;;`)
  return `_marina() {
  local path="" word words isValue=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in
      ${[...valued, '='].join('|')}) isValue=1 ;;
      *) [ -n "$isValue" ] || case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac; isValue="" ;;
    esac
  done
  if [ -n "$isValue" ]; then
    COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
    return
  fi
  case "$path" in
${cases.join('\n')}
    *) words="--help" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _marina marina marina.mjs ./marina.mjs`
}

function fish(all: Words[]): string {
  const lines = all.flatMap(({ path, words }) => {
    const seen = path ? `__fish_seen_subcommand_from ${path.split(' ').at(-1)}` : '__fish_use_subcommand'
    const flagOrWord = (word: string) => (word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`)
    return words.map((word) => `complete -c marina -f -n '${seen}' ${flagOrWord(word)}`)
  })
  return lines.join('\n')
}

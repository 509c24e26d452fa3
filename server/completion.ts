import type { Command } from 'commander'

type Words = { path: string; words: string[] }

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** A script that completes commands, options and what an argument may be, written from the commands themselves. */
export function completionScript(shell: Shell, program: Command): string {
  const all = collect(program, '')
  if (shell === 'fish') return fish(all)
  return `${shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}${bash(all, valuedOptions(program))}`
}

function collect(command: Command, path: string): Words[] {
  const words = [...command.commands.map((one) => one.name()), ...command.registeredArguments.flatMap((one) => one.argChoices ?? []), ...command.options.map((one) => one.long ?? one.short!), '--help']
  return [{ path, words }, ...command.commands.flatMap((one) => collect(one, path ? `${path} ${one.name()}` : one.name()))]
}

/** Options after which a value stands, which is no command. */
function valuedOptions(command: Command): string[] {
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
    return words.map((word) => (word.startsWith('--') ? `complete -c marina -f -n '${seen}' -l ${word.slice(2)}` : `complete -c marina -f -n '${seen}' -a ${word}`))
  })
  return lines.join('\n')
}

import type { Command } from 'commander'

type Words = { path: string; words: string[] }

/** A script that completes commands and options, written from the commands themselves. Throws for a shell it does not know. */
export function completionScript(shell: string, program: Command): string {
  const all = collect(program, '')
  if (shell === 'bash' || shell === 'zsh') return `${shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}${bash(all)}`
  if (shell === 'fish') return fish(all)
  throw new Error(`completion knows bash, zsh and fish, not ${shell}`)
}

function collect(command: Command, path: string): Words[] {
  const words = [...command.commands.map((one) => one.name()), ...command.options.map((one) => one.long ?? one.short!), '--help']
  return [{ path, words }, ...command.commands.flatMap((one) => collect(one, path ? `${path} ${one.name()}` : one.name()))]
}

function bash(all: Words[]): string {
  const cases = all.map(({ path, words }) => `    "${path}") words="${words.join(' ')}" ;;`)
  return `_marina() {
  local path="" word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
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

import { spellings, valuedOptions, type Place } from './places.ts'

/** For bash, and for zsh by its bashcompinit. */
export function bashScript(places: Place[], shell: 'bash' | 'zsh'): string {
  const valued = valuedOptions(places)
  const paths = places.filter(({ path }) => path !== '')
  return `${shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}_marina() {
  local typed="\${COMP_WORDS[COMP_CWORD]}" path="" value="" words="" kind="" word before
  if [ -n "\${BASH_VERSION-}" ] && [ -n "\${COMP_LINE-}" ]; then
    typed="\${COMP_LINE:0:COMP_POINT}"
    typed="\${typed##*[[:space:]=]}"
  fi
  for word in "\${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}"; do
    if [ -n "$value" ]; then
      [ "$word" = "=" ] || value=""
      continue
    fi
    case "$word" in
      ${valued.flatMap(({ names }) => names).join('|')}) value="$word" ;;
      -*) ;;
      *)
        case "\${path:+$path }$word" in
${paths.map((place) => `          ${spellings(place).map(quote).join('|')}) path=${quote(place.path)} ;;`).join('\n')}
        esac
        ;;
    esac
  done
  if [ -n "$value" ]; then
    case "$value" in
${valued.flatMap(valueCase).join('\n')}
      *)
        COMPREPLY=($(compgen -f -- "$typed"))
        return
        ;;
    esac
  else
    case "$path" in
${places.map(placeCase).join('\n')}
    esac
  fi
${replies}
}
complete -F _marina marina marina.mjs ./marina.mjs`
}

/**
 * Puts what fits into COMPREPLY. Names from the server never pass through `compgen -W`, which would expand and run what
 * stands in them; a `$` in a robot's name is escaped, as it is for the shell.
 */
const replies = `  COMPREPLY=($(compgen -W "$words" -- "$typed"))
  case "$kind:$typed" in
    :*|*:-*) ;;
    *)
      typed="\${typed//\\\\/}"
      while IFS= read -r word; do
        case "$word" in
          "$typed"*)
            [ -z "\${BASH_VERSION-}" ] || printf -v word %q "$word"
            COMPREPLY+=("$word")
            ;;
        esac
      done < <("\${COMP_WORDS[0]}" __complete --timeout 2 "$kind" "$typed" 2>/dev/null)
      ;;
  esac
  case "\${#COMPREPLY[@]}:\${COMPREPLY[0]-}" in
    1:*/|1:*:) compopt -o nospace 2>/dev/null ;;
  esac
  # Bash replaces only what follows the last colon of a word.
  case "\${COMP_WORDBREAKS-}" in
    *:*)
      before="\${typed%"\${typed##*:}"}"
      COMPREPLY=("\${COMPREPLY[@]#"$before"}")
      ;;
  esac`

const quote = (text: string) => `"${text}"`

function valueCase({ names, values: { choices, kind } }: ReturnType<typeof valuedOptions>[number]): string[] {
  if (choices.length > 0) return [`      ${names.join('|')}) words="${choices.join(' ')}" ;;`]
  return kind === undefined ? [] : [`      ${names.join('|')}) kind=${kind} ;;`]
}

function placeCase({ path, words, options, kind }: Place): string {
  const all = [...words, ...options.flatMap(({ names }) => names.filter((name) => name.startsWith('--')))]
  return `      "${path}") words="${all.join(' ')}"${kind === undefined ? '' : ` kind=${kind}`} ;;`
}

import { spellings, valuedOptions, type Flag, type Place } from './places.ts'

export function fishScript(places: Place[]): string {
  const paths = places.filter(({ path }) => path !== '')
  const valued = valuedOptions(places).flatMap(({ names }) => names)
  return `function __marina_at --description 'is the command line at this command of marina?'
  set -l path ''
  set -l value ''
  for word in (commandline -opc)[2..-1]
    if test -n "$value"
      set value ''
      continue
    end
    switch $word
      case ${valued.map(quote).join(' ')}
        set value $word
      case '-*'
      case '*'
        switch (string trim -- "$path $word")
${paths.map(pathCase).join('\n')}
        end
    end
  end
  test "$path" = "$argv"
end
complete -c marina -f
${places.flatMap(linesOf).join('\n')}`
}

const pathCase = (place: Place) =>
  `          case ${spellings(place).map(quote).join(' ')}\n            set path ${quote(place.path)}`

const quote = (text: string) => `'${text.replaceAll(/['\\]/g, (one) => `\\${one}`)}'`

function linesOf({ path, words, options, kind }: Place): string[] {
  const at = `complete -c marina -n ${quote(`__marina_at ${path}`)}`
  const names = words.length > 0 ? [`${at} -a ${quote(words.join(' '))}`] : []
  const asked = kind === undefined ? [] : [`${at} -a ${quote(ask(kind))}`]
  return [...names, ...asked, ...options.map((option) => `${at} ${optionOf(option)}`)]
}

function optionOf({ names, about, values }: Flag): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(' ')
  const described = `${flags} -d ${quote(about)}`
  if (!values) return described
  const { choices, kind } = values
  const follows = choices.length > 0 ? choices.join(' ') : kind === undefined ? undefined : ask(kind)
  return `${described} ${follows === undefined ? '-r -F' : `-x -a ${quote(follows)}`}`
}

const ask = (kind: string) => `(marina __complete --timeout 2 ${kind} (commandline -ct) 2>/dev/null)`

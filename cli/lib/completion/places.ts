/** What can follow one command; `path`: its words, such as `projects list`, empty for the program. */
export type Place = { path: string; aliases: string[]; words: string[]; options: Flag[]; kind: string | undefined }

/** An option; `values`: what can follow it. Undefined: it takes no value. */
export type Flag = { names: string[]; about: string; values: Values | undefined }
type Values = { choices: string[]; kind: string | undefined }

/** All options that take a value, each name once. */
export function valuedOptions(places: Place[]): { names: string[]; values: Values }[] {
  const all = places
    .flatMap(({ options }) => options)
    .flatMap(({ names, values }) => (values ? [{ names, values }] : []))
  const known = new Map(all.toReversed().map((one) => [one.names.join('|'), one]))
  return [...known.values()].toReversed()
}

/** A path, and how else its last word may be written. */
export function spellings({ path, aliases }: Place): string[] {
  const before = path.split(' ').slice(0, -1)
  return [path, ...aliases.map((alias) => [...before, alias].join(' '))]
}

/** How values are written in tables: sizes, times, digests, and text that others have chosen. */

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** Bytes with three digits or so: `1.2 GiB`. */
export function size(bytes: number): string {
  const power = Math.min(Math.max(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), 0), units.length - 1)
  const value = bytes / 1024 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`
}

/** `none` is -1, as the API has it; else a number with a unit of 1024: `500MiB`, `10 GB`, `1024`. */
export function parseSize(text: string): number | undefined {
  if (/^(?:none|unlimited|-1)$/i.test(text)) return -1
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*(?:([KMGTP])i?)?B?$/i.exec(text.trim()) ?? []
  if (number === undefined) return undefined
  const bytes = Math.round(Number(number) * 1024 ** ['', 'K', 'M', 'G', 'T', 'P'].indexOf(unit.toUpperCase()))
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** A time of the API in the zone of the terminal: `2026-11-30 06:48`. The year 1 stands for never. */
export function time(iso: string | undefined): string {
  const at = new Date(iso ?? '')
  if (Number.isNaN(at.getTime()) || at.getUTCFullYear() < 1970) return 'never'
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`
}

/** The first 12 digits, enough to tell artifacts apart; `-o json` and `-o name` have it whole. */
export const shortDigest = (digest: string): string => digest.replace(/(sha\d+:[0-9a-f]{12})[0-9a-f]+$/, '$1')

export const yesNo = (value: boolean | string | undefined): string =>
  value === true || value === 'true' ? 'yes' : 'no'

/** `1 tag`, `2 tags`, `3 repositories`. */
export function count(number: number, one: string): string {
  const many = /[^aeiou]y$/.test(one) ? `${one.slice(0, -1)}ies` : `${one}s`
  return `${number} ${number === 1 ? one : many}`
}

/** The first ten, and how many more there are. */
export function several(names: string[]): string {
  const more = names.length - 10
  return more > 0 ? `${names.slice(0, 10).join(', ')} and ${more} more` : names.join(', ')
}

/**
 * Text that others have chosen, such as a description, could move the cursor, recolour or reverse what a terminal
 * shows. Control characters and those that turn the direction of writing become U+FFFD; line ends and tabs a space.
 */
export const tame = (text: string): string =>
  text.replaceAll(/[\t\n\r]+/g, ' ').replaceAll(/[\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu, '\uFFFD')

/** How many columns of a terminal a text takes: wide characters of East Asia and emoji take two, marks none. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let width = 0
  for (const character of text) width += /\p{M}|\p{Cf}/u.test(character) ? 0 : wide.test(character) ? 2 : 1
  return width
}

/** Blocks of East Asian scripts, as Unicode's EastAsianWidth has them, and what is shown as a picture. */
const wide = new RegExp(
  '[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]' +
    '|[\u{20000}-\u{3FFFD}]|\\p{Emoji_Presentation}',
  'u',
)

/** Cut to a width, with `…` at its end where something is left out. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let [kept, used] = ['', 0]
  for (const character of text) {
    used += widthOf(character)
    if (used > width - 1) break
    kept += character
  }
  return `${kept}…`
}

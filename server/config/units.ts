import { isIP } from 'node:net'

/** Turns the text of a setting into a value, or throws Error with what is allowed ("must be ..."). */
export type Parser<Value> = (text: string) => Value

const sizeUnits: Record<string, number> = {
  B: 1,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
}
const timeUnits: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `4MiB`, `512 KiB`, `1000` → bytes. */
export const bytes =
  (min: number, max: number): Parser<number> =>
  (text) => {
    const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([KMGT]i?B|B)?$/i.exec(text.trim()) ?? []
    const value = number === undefined ? NaN : Math.round(Number(number) * sizeUnits[(unit ?? 'B').toUpperCase()]!)
    if (!(value >= min && value <= max))
      throw new Error(`must be a size such as 4MiB, from ${showBytes(min)} to ${showBytes(max)}`)
    return value
  }

/** `30s`, `5m`, `168h`, `7d`, `250ms`, `0` → ms. Any other number needs a unit: nobody should have to guess it. */
export const duration =
  (min: number, max: number): Parser<number> =>
  (text) => {
    const [, number, unit] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/.exec(text.trim()) ?? []
    const value = text.trim() === '0' ? 0 : number === undefined ? NaN : Math.round(Number(number) * timeUnits[unit!]!)
    if (!(value >= min && value <= max))
      throw new Error(`must be a time such as 30s, 5m or 168h, from ${showDuration(min)} to ${showDuration(max)}`)
    return value
  }

export const integer =
  (min: number, max: number): Parser<number> =>
  (text) => {
    const value = /^\d+$/.test(text.trim()) ? Number(text) : NaN
    if (!(value >= min && value <= max)) throw new Error(`must be a whole number from ${min} to ${max}`)
    return value
  }

export const integerOrAuto =
  (min: number, max: number): Parser<number | 'auto'> =>
  (text) =>
    text.trim() === 'auto' ? 'auto' : integer(min, max)(text)

export const flag: Parser<boolean> = (text) => {
  if (!/^(true|false)$/i.test(text.trim())) throw new Error('must be true or false')
  return text.trim().toLowerCase() === 'true'
}

export const oneOf =
  <const Choice extends string>(...choices: Choice[]): Parser<Choice> =>
  (text) => {
    const choice = choices.find((one) => one === text.trim())
    if (choice === undefined) throw new Error(`must be ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`)
    return choice
  }

/** Any text of one line that is not empty. */
export const line: Parser<string> = (text) => {
  if (text.trim() === '' || /[\r\n\0]/.test(text)) throw new Error('must be one line of text')
  return text.trim()
}

/** An absolute URL of one of the given schemes, without a slash at its end. */
export const url =
  (...schemes: string[]): Parser<string> =>
  (text) => {
    const parsed = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined
    if (!parsed || !schemes.includes(parsed.protocol.slice(0, -1)))
      throw new Error(`must be a URL that starts with ${schemes.map((one) => `${one}://`).join(' or ')}`)
    return text.trim().replace(/\/+$/, '')
  }

/** The URL of a proxy; without a scheme it is http, as other programs read HTTPS_PROXY. It may hold a password. */
export const proxy: Parser<string> = (text) => {
  const whole = text.includes('://') ? text : `http://${text.trim()}`
  try {
    return url('http', 'https')(whole)
  } catch {
    throw new Error('must be the URL of a proxy such as http://proxy.example:3128')
  }
}

/** An address or a CIDR range, IPv4 or IPv6. */
export const cidr: Parser<string> = (text) => {
  const [address = '', bits, rest] = text.split('/')
  const family = isIP(address)
  const isPrefix = bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
  if (!family || rest !== undefined || !isPrefix) {
    throw new Error('must be IP addresses or CIDR ranges such as 10.0.0.0/8, separated by commas')
  }
  return text
}

/** `host=project`: a host name, with a port or without, and the project that it stands for. */
export const hostOfProject: Parser<[host: string, project: string]> = (text) => {
  const [, host, project] = /^([A-Za-z0-9._:[\]-]{1,255})=([a-z0-9]+(?:[._-][a-z0-9]+)*)$/.exec(text) ?? []
  if (host === undefined || project === undefined)
    throw new Error('must be hosts and projects such as hub.example.com=hub, separated by commas')
  return [host.toLowerCase(), project]
}

/** Comma-separated, each part by `one`; empty is none. */
export const list =
  <Value>(one: Parser<Value>): Parser<Value[]> =>
  (text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map(one)

export function showBytes(value: number): string {
  for (const [unit, size] of [
    ['TiB', 2 ** 40],
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const) {
    if (value >= size && value % size === 0) return `${value / size}${unit}`
  }
  return `${value}B`
}

export function showDuration(ms: number): string {
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const) {
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`
  }
  return `${ms}ms`
}

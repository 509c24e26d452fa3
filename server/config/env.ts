import { existsSync, readFileSync } from 'node:fs'
import { parseDocument, isMap, isScalar, isSeq } from 'yaml'
import { buildConfig, ConfigError, settings, type Config, type Variable, type WrittenSettings } from './config.ts'

export type LoadedConfig = { config: Config; written: WrittenSettings; file: string | undefined }

/** Variables that belong to Marina's own scripts and tests, and to the client commands (cli/), not to the server. */
const foreign = /^MARINA_(CONFIG|TEST_.*|CLI_.*)$/

/**
 * Reads the YAML file (`file`, or MARINA_CONFIG, or ./marina.yaml when it exists) and the environment, which wins.
 * Throws ConfigError for a MARINA_ variable or a key in the file that is no setting: a typing mistake must not pass
 * unnoticed.
 */
export function loadConfig(env: NodeJS.ProcessEnv, file?: string): LoadedConfig {
  const path = file ?? env.MARINA_CONFIG ?? (existsSync('marina.yaml') ? 'marina.yaml' : undefined)
  const written = {
    ...readCommon(env),
    ...(path === undefined ? {} : readFile(path)),
    ...readEnvironment(env),
  }
  return { config: buildConfig(written), written, file: path }
}

/** Variables that all programs read, in capital or small letters: defaults of these settings. */
const common = {
  HTTPS_PROXY: 'MARINA_HTTPS_PROXY',
  HTTP_PROXY: 'MARINA_HTTP_PROXY',
  NO_PROXY: 'MARINA_NO_PROXY',
} as const

function readCommon(env: NodeJS.ProcessEnv): WrittenSettings {
  const written: WrittenSettings = {}
  for (const [name, variable] of Object.entries(common)) {
    const found = [name, name.toLowerCase()].find((one) => (env[one] ?? '').trim() !== '')
    if (found) written[variable] = { text: env[found]!, source: `environment (${found})` }
  }
  return written
}

function readEnvironment(env: NodeJS.ProcessEnv): WrittenSettings {
  const known: string[] = settings.map((row) => row.env)
  const written: WrittenSettings = {}
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('MARINA_') || foreign.test(name)) continue
    if (!known.includes(name)) {
      throw new ConfigError(`environment: ${name} is not a setting of Marina${closest(name, known)}`)
    }
    // An empty variable is how compose files and charts write "not set".
    if (text !== undefined && text !== '') written[name as Variable] = { text, source: 'environment' }
  }
  return written
}

function readFile(path: string): WrittenSettings {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError(`${path} cannot be read: ${(error as Error).message}`)
  }
  const document = parseDocument(text, { uniqueKeys: true })
  const problem = document.errors[0]
  if (problem) throw new ConfigError(`${path}: ${problem.message.split('\n', 1)[0]}`)
  const variables = new Map(settings.map((row) => [row.path, row.env]))
  const paths = [...variables.keys()]
  const written: WrittenSettings = {}
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length

  const walk = (node: unknown, at: string) => {
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        const name = isScalar(key) ? String(key.value) : ''
        const place = at ? `${at}.${name}` : name
        const line = lineOf((isScalar(key) && key.range?.[0]) || 0)
        const variable = variables.get(place)
        if (variable) written[variable] = { text: plain(value, `${path}:${line}`), source: `${path}:${line}` }
        else if (isMap(value) && paths.some((one) => one.startsWith(`${place}.`))) walk(value, place)
        else throw new ConfigError(`${path}:${line}: ${place} is not a setting of Marina${closest(place, paths)}`)
      }
    }
  }
  if (document.contents !== null && !isMap(document.contents))
    throw new ConfigError(`${path}: must hold settings as key: value`)
  walk(document.contents, '')
  return written
}

function plain(node: unknown, place: string): string {
  if (isSeq(node)) return node.items.map((one) => plain(one, place)).join(',')
  if (isScalar(node) && ['string', 'number', 'boolean'].includes(typeof node.value)) return String(node.value)
  if (isScalar(node) && node.value === null) return ''
  throw new ConfigError(`${place}: must be a single value`)
}

/** " (did you mean X?)" when one known name is at most three edits away. */
function closest(name: string, known: string[]): string {
  const best = known.map((one) => [distance(name, one), one] as const).sort((a, b) => a[0] - b[0])[0]
  return best && best[0] <= 3 ? ` (did you mean ${best[1]}?)` : '; marina config lists them all'
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    row = next
  }
  return row[b.length]!
}

import { existsSync } from 'node:fs'
import { buildConfig, ConfigError, settings, type Config, type Variable, type WrittenSettings } from './config.ts'

export type LoadedConfig = { config: Config; written: WrittenSettings; file: string | undefined }

/** Variables that belong to Marina's own scripts and tests, and to the client commands (cli/), not to the server. */
const foreign = /^MARINA_(CONFIG|TEST_.*|CLI_.*)$/

/** The YAML file with settings: `file`, or MARINA_CONFIG, or ./marina.yaml when it exists. */
export const findFile = (env: NodeJS.ProcessEnv, file?: string): string | undefined =>
  file ?? env.MARINA_CONFIG ?? (existsSync('marina.yaml') ? 'marina.yaml' : undefined)

/**
 * The settings of a file (config/file.ts) and of the environment, which wins. Throws ConfigError for a MARINA_ variable
 * that is no setting: a typing mistake must not pass unnoticed.
 */
export function mergeConfig(env: NodeJS.ProcessEnv, file?: { path: string; written: WrittenSettings }): LoadedConfig {
  const written = { ...readCommon(env), ...file?.written, ...readEnvironment(env) }
  return { config: buildConfig(written), written, file: file?.path }
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

/** " (did you mean X?)" when one known name is at most three edits away. */
export function closest(name: string, known: string[]): string {
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

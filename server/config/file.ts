import { readFileSync } from 'node:fs'
import { parseDocument, isMap, isScalar, isSeq } from 'yaml'
import { ConfigError, settings, type WrittenSettings } from './config.ts'
import { closest, findFile, mergeConfig, type LoadedConfig } from './env.ts'

/** Reads the YAML file, if there is one, and the environment (config/env.ts). Throws ConfigError. */
export function loadConfig(env: NodeJS.ProcessEnv, given?: string): LoadedConfig {
  const path = findFile(env, given)
  return mergeConfig(env, path === undefined ? undefined : { path, written: readSettings(path) })
}

/** Reads a YAML file with settings. Throws ConfigError for a key that is no setting. */
export function readSettings(path: string): WrittenSettings {
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

import { resolve } from 'node:path'
import { audit } from './audit.ts'
import { cache, redis } from './cache.ts'
import { collection } from './collection.ts'
import { database } from './database.ts'
import { endpoints } from './endpoints.ts'
import { events } from './events.ts'
import { jobs } from './jobs.ts'
import { limits } from './limits.ts'
import { notifications } from './notifications.ts'
import { log, metrics } from './observe.ts'
import { outbound } from './outbound.ts'
import { proxyCache } from './proxy-cache.ts'
import { pulls } from './pulls.ts'
import { quotas } from './quotas.ts'
import { replication } from './replication.ts'
import { retention } from './retention.ts'
import { robots } from './robots.ts'
import { scanning } from './scanning.ts'
import { server } from './server.ts'
import { MiB, type Setting } from './setting.ts'
import { settings as settingsOfApi } from './settings.ts'
import { s3, storage } from './storage.ts'
import { signatures } from './signatures.ts'
import { stream } from './stream.ts'
import { system } from './system.ts'
import { systemArtifacts } from './system-artifacts.ts'
import { testing } from './testing.ts'
import { vulndb } from './vulndb.ts'
import { webhooks } from './webhooks.ts'
import { workloads } from './workloads.ts'
import type { Parser } from './units.ts'

/**
 * Every setting there is, in groups. `marina config` prints them in this order; docs/operate/configuration.md explains
 * them.
 */
const groups = {
  server,
  database,
  redis,
  storage,
  s3,
  log,
  metrics,
  jobs,
  systemArtifacts,
  collection,
  limits,
  robots,
  workloads,
  cache,
  outbound,
  endpoints,
  proxyCache,
  webhooks,
  replication,
  quotas,
  pulls,
  retention,
  scanning,
  vulndb,
  signatures,
  notifications,
  events,
  stream,
  audit,
  settings: settingsOfApi,
  system,
  testing,
}

type Groups = typeof groups
type ValueOf<Row> = Row extends { parse: Parser<infer Value> } ? Value : never
type Value = string | number | boolean | string[] | undefined
type VariableOf<Row> = Row extends { env: infer Env extends string } ? Env : never

/** The values in force, by group and name: `config.webhooks.tries`. */
export type Config = {
  readonly [Group in keyof Groups]: { readonly [Name in keyof Groups[Group]]: ValueOf<Groups[Group][Name]> }
}

/** The environment variable of a setting, which is also its name wherever settings are given as text. */
export type Variable = { [Group in keyof Groups]: VariableOf<Groups[Group][keyof Groups[Group]]> }[keyof Groups]

/** The rows of all groups, one after the other. */
export const settings = Object.values(groups).flatMap((group) => Object.values(group) as Setting<Variable, unknown>[])

/** The configuration cannot be used; the message is one sentence that names the setting. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/** One value as written in the environment or the file, and where. */
type Written = { text: string; source: string }
export type WrittenSettings = Partial<Record<Variable, Written>>

/** Settings as text to values; throws ConfigError on the first that is wrong or that does not fit the others. */
export function buildConfig(written: WrittenSettings): Config {
  const values = Object.entries(groups).map(([name, group]) => [name, valuesOf(group, written)])
  return completed(checkedTogether(Object.fromEntries(values) as Config))
}

function valuesOf(group: object, written: WrittenSettings): Record<string, unknown> {
  const rows = Object.entries(group) as [string, Setting<Variable, unknown>][]
  return Object.fromEntries(rows.map(([name, row]) => [name, valueOf(row, written[row.env])]))
}

function valueOf(row: Setting<Variable, unknown>, given: Written | undefined): unknown {
  if (given === undefined) return row.fallback
  try {
    return row.parse(given.text)
  } catch (error) {
    const value = row.secret ? '' : ` (it is ${JSON.stringify(given.text.slice(0, 120))})`
    throw new ConfigError(`${given.source}: ${row.env} ${(error as Error).message}${value}`)
  }
}

function checkedTogether(config: Config): Config {
  const {
    server: { tlsCert, tlsKey, secretKey, adminPassword },
    storage: { driver },
  } = config
  const need = (ok: boolean, sentence: string) => {
    if (!ok) throw new ConfigError(sentence)
  }
  const hasBothOrNone = (tlsCert === undefined) === (tlsKey === undefined)
  need(hasBothOrNone, 'MARINA_TLS_CERT and MARINA_TLS_KEY go together: set both or none')
  for (const name of driver === 's3' ? (['bucket', 'accessKey', 'secretKey'] as const) : []) {
    need(config.s3[name] !== undefined, `MARINA_STORAGE=s3 needs ${s3[name].env}`)
  }
  const isKey = secretKey === undefined || /^[0-9a-f]{64}$/i.test(secretKey)
  need(isKey, 'MARINA_SECRET_KEY must be 64 hex digits, for example from: openssl rand -hex 32')
  need((adminPassword?.length ?? 0) <= 128, 'MARINA_ADMIN_PASSWORD must have at most 128 characters')
  return config
}

/** Fills in values that follow from others: absolute paths, and the least size of a chunk on S3. */
function completed(config: Config): Config {
  const {
    server: { dataDir },
    storage: { driver, root },
    limits: { chunkMinBytes },
  } = config
  return {
    ...config,
    server: { ...config.server, dataDir: resolve(dataDir) },
    storage: { ...config.storage, root: driver === 'filesystem' ? resolve(root ?? `${dataDir}/storage`) : root },
    limits: { ...config.limits, chunkMinBytes: driver === 's3' && chunkMinBytes === 0 ? 5 * MiB : chunkMinBytes },
  }
}

/** What is in force, one row a setting, secrets only as "(set)". `source` says where the value comes from. */
export function describeConfig(config: Config, written: WrittenSettings) {
  const groupsOfRows = Object.entries(groups) as [keyof Groups, Record<string, Setting<Variable, unknown>>][]
  return groupsOfRows.flatMap(([group, rows]) => {
    const values = config[group] as Record<string, Value>
    return Object.entries(rows).map(([name, row]) => ({
      env: row.env,
      path: row.path,
      value: shown(row, values[name]),
      source: written[row.env]?.source ?? 'default',
      help: row.help,
    }))
  })
}

function shown(row: Setting<Variable, unknown>, value: Value): string {
  if (value === undefined) return '(none)'
  if (row.secret) return '(set)'
  return row.show ? row.show(value) : String(value)
}

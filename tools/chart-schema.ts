import { readFileSync } from 'node:fs'
import path from 'node:path'
import { settings } from '../server/config/config.ts'
import { showBytes, showDuration } from '../server/config/units.ts'

type Schema = {
  type?: string | string[]
  description?: string
  items?: Schema
  properties?: Record<string, Schema>
  additionalProperties?: boolean
}
/** Numbers that may also be a word, such as auto. */
const numbersOrWords = ['processes']

type Row = { path: string; fallback: unknown; help: string; secret?: true; show?: unknown }

/** Settings that the Helm chart sets itself, or has no use for. */
const ofChart = [
  'port',
  'host',
  'data_dir',
  'storage.root',
  'tls.cert',
  'tls.key',
  'tls.ca_cert',
  'metrics.port',
  'metrics.host',
  'jobs.workers',
  'testing.failpoints',
]

const file = path.resolve(import.meta.dirname, '../deploy/helm/marina/values.schema.json')

/**
 * The chart's values.schema.json, with `config` made from the settings; chart-schema.test.ts keeps the file up to date.
 */
export function chartSchema(): string {
  const schema = JSON.parse(readFileSync(file, 'utf8')) as { properties: Record<string, Schema> }
  schema.properties['config'] = configSchema(settings)
  return `${JSON.stringify(schema, null, 2)}\n`
}

/** All settings but secrets and the chart's own. A misspelt setting is refused before anything is installed. */
function configSchema(rows: Row[]): Schema {
  const top: Schema = folder()
  for (const row of rows.filter(({ secret, path: at }) => secret !== true && !ofChart.includes(at))) {
    const names = row.path.split('.')
    let at = top
    for (const name of names.slice(0, -1)) at = at.properties![name] ??= folder()
    at.properties![names.at(-1)!] = { ...typeOf(row), description: row.help }
  }
  return top
}

const folder = (): Schema => ({ type: 'object', additionalProperties: false, properties: {} })

function typeOf({ path: at, fallback, show }: Row): Schema {
  if (numbersOrWords.includes(at)) return { type: ['integer', 'string'] }
  if (Array.isArray(fallback)) return { type: ['array', 'string'], items: { type: 'string' } }
  if (typeof fallback === 'boolean') return { type: 'boolean' }
  if (show === showBytes) return { type: ['string', 'integer'] }
  return { type: typeof fallback === 'number' && show !== showDuration ? 'integer' : 'string' }
}

if (import.meta.main) process.stdout.write(chartSchema())

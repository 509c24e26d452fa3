import type { Ground } from '../app/ground.ts'
import { ConfigError } from '../config/config.ts'
import type { Overview } from '../features/cache/index.ts'
import type { Call, Command, CommandGroup } from './command.ts'
import { withGround } from './ground.ts'
import { dim, print, printJson } from './terminal.ts'

const list: Command<{ json?: boolean }> = {
  name: 'list',
  about: 'count facts, hits and misses by resource',
  options: [{ flags: '--json', about: 'as JSON' }],
  run: async ({ json }, call) => {
    const { countCache } = await import('../features/cache/index.ts')
    await withGround(call, async (ground) => {
      const { processes, redis, resources } = await countCache(cacheOfAll(ground))
      if (json) return printJson({ processes, redis, resources })
      print(`processes: ${processes}, Redis: ${redis}`)
      print(table([columns, ...resources.map(cellsOf)]))
    })
  },
}

const keys: Command<{ resource: string; beginning: string; limit: string; json?: boolean }> = {
  name: 'keys',
  about: 'list the keys of a resource',
  arguments: [{ name: 'resource', about: 'such as tag, manifest or project' }],
  options: [
    { flags: '--beginning <text>', about: 'only keys that begin with this text', fallback: '' },
    { flags: '--limit <count>', about: 'list at most this many', fallback: '100' },
    { flags: '--json', about: 'as JSON' },
  ],
  run: async ({ resource, beginning, limit, json }, call) => {
    const { listCacheKeys } = await import('../features/cache/index.ts')
    if (!/^[1-9]\d{0,5}$/.test(limit)) throw new ConfigError('--limit must be a whole number from 1 to 999999')
    await withGround(call, async (ground) => {
      const listed = await listCacheKeys(cacheOfAll(ground), resource, beginning, Number(limit))
      if (json) return printJson(listed)
      for (const { key, layers } of listed.keys) print(`${key}  ${dim(layers.join(', '))}`)
      if (listed.isCut) print(dim('... and more: see --beginning and --limit'))
      if (listed.redis === 'unhealthy') noteSilence('its keys are not in this list')
    })
  },
}

const show: Command<{ key: string }> = {
  name: 'show',
  about: 'look at one key',
  arguments: [{ name: 'key', about: 'whole, as keys lists it' }],
  run: async ({ key }, call) => {
    const { lookIntoCache } = await import('../features/cache/index.ts')
    await withGround(call, async (ground) => {
      const entry = await lookIntoCache(cacheOfAll(ground), key)
      if (!entry) throw new ConfigError(`nothing is kept under ${key}`)
      printJson(entry)
    })
  },
}

const forget: Command<{ key: string }> = {
  name: 'forget',
  about: 'forget one key, everywhere',
  arguments: [{ name: 'key', about: 'whole, as keys lists it' }],
  run: ({ key }, call) => forgetIn(call, key.split(':', 1)[0]!, key),
}

const flush: Command<{ resource: string }> = {
  name: 'flush',
  about: 'forget all keys of a resource, everywhere',
  arguments: [{ name: 'resource', about: 'such as tag, manifest or project' }],
  run: ({ resource }, call) => forgetIn(call, resource, null),
}

export const cache: CommandGroup = {
  name: 'cache',
  about: 'what all running processes and Redis keep to answer faster; answers are right without it',
  commands: [list, keys, show, forget, flush],
}

const cacheOfAll = ({ peers, layers }: Ground) => ({ peers, redis: layers.redis })

async function forgetIn(call: Call, resource: string, key: string | null): Promise<void> {
  const { forgetCached } = await import('../features/cache/index.ts')
  await withGround(call, async (ground) => {
    const by = { kind: 'system', id: null, name: 'command' } as const
    const { memory, redis } = await forgetCached(ground.db, by, cacheOfAll(ground), resource, key)
    print(`forgotten: ${memory} in memory${redis === null ? '' : `, ${redis} in Redis`}`)
    if (redis === null) noteSilence('it still keeps its keys')
  })
}

function noteSilence(consequence: string): void {
  process.stderr.write(`marina: Redis did not answer: ${consequence}\n`)
  process.exitCode = 1
}

const columns = ['resource', 'layer', 'facts', 'bytes', 'hits', 'misses', 'loads', 'forgotten', 'refused', 'errors']

function cellsOf(row: Overview['resources'][number]): string[] {
  const counts = [row.entries, row.bytes, row.hit, row.miss, row.load, row.forget, row.refuse, row.error]
  return [row.resource, row.layer, ...counts.map(String)]
}

/** Columns as wide as their widest cell, numbers to the right. */
function table(rows: string[][]): string {
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const padded = (cell: string, column: number) =>
    column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
  return rows.map((row) => row.map(padded).join('  ')).join('\n')
}

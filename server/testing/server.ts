import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Ground } from '../app/ground.ts'
import { openMarina } from '../app/serve.ts'
import { buildConfig, type Config, type Variable } from '../config/config.ts'
import { sql } from '../platform/db/sql.ts'
import { openLog, type Log } from '../platform/observe/log.ts'
import { openAsk, type Ask, type Person } from './http.ts'
import { openTestDatabase } from './postgres.ts'

/** Settings as text, by their environment variables. */
export type TestSettings = Partial<Record<Variable, string>>

export type TestMarina = AsyncDisposable & {
  url: string
  port: number
  config: Config
  /** Marina's own database, cache and storage: its next request sees what a test changes through them. */
  ground: Ground
  admin: Person
  ask: Ask
  /** A token for some scopes; without a person, that of an anonymous caller. */
  token(person: Person | undefined, ...scopes: string[]): Promise<string>
  /** Stops Marina and keeps its database and folder, for another start. */
  stop(): Promise<void>
}

const adminPassword = 'Marina12345'
export const fixed = {
  MARINA_PORT: '0',
  MARINA_HOST: '127.0.0.1',
  MARINA_METRICS_PORT: 'off',
  MARINA_LOG_LEVEL: 'silent',
  MARINA_LOG_REQUESTS: 'none',
  MARINA_ADMIN_PASSWORD: adminPassword,
  MARINA_SECRET_KEY: 'ab'.repeat(32),
  MARINA_DATABASE_POOL: '12',
  MARINA_DRAIN: '2s',
} satisfies TestSettings

/** A whole Marina in this process on a database and a folder of its own, ready to be asked. */
export async function openTestMarina(
  settings: TestSettings = {},
  log: Log = openLog({ level: 'silent', format: 'json' }),
): Promise<TestMarina> {
  await using opened = new AsyncDisposableStack()
  const database = settings.MARINA_DATABASE_URL ? undefined : opened.use(await openTestDatabase(prepare))
  const dataDir = settings.MARINA_DATA_DIR ?? (await mkdtemp(join(tmpdir(), 'marina-test-data-')))
  if (settings.MARINA_DATA_DIR === undefined) opened.defer(() => rm(dataDir, { recursive: true, force: true }))
  const config = configOf({
    MARINA_DATA_DIR: dataDir,
    ...(database ? { MARINA_DATABASE_URL: database.url } : {}),
    ...settings,
  })
  const marina = await openMarina(config, log)
  await waitForCache(marina.ground)
  let ended: Promise<void> | undefined
  const stop = () => (ended ??= marina.close())
  opened.defer(stop)
  const ask = opened.use(openAsk(marina.port))
  const kept = opened.move()
  return {
    url: `http://127.0.0.1:${marina.port}`,
    port: marina.port,
    config,
    ground: marina.ground,
    admin: { kind: 'user', id: 1, name: 'admin', password: adminPassword },
    ask,
    async token(person, ...scopes) {
      const query = new URLSearchParams([
        ['service', 'harbor-registry'],
        ...scopes.map((scope): [string, string] => ['scope', scope]),
      ])
      const answer = await ask('GET', `/service/token?${query.toString()}`, { as: person })
      if (answer.status !== 200) throw new Error(`no token: ${answer.status} ${answer.text}`)
      return (answer.json() as { token: string }).token
    },
    stop,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/**
 * Waits until a new process keeps facts in its caches, which takes until all older transactions have ended, those of
 * other tests included. A test that holds one open itself goes on without the caches after 10 s.
 */
async function waitForCache({ db, peers, layers }: Ground): Promise<void> {
  const learned = sql`select from replica where generation is null and lease_until > clock_timestamp()`
  const end = performance.now() + 10_000
  const isReady = async () => peers.isTrusted() && (!layers.redis || (await db.rows(learned)).length === 0)
  while (performance.now() < end && !(await isReady())) await setTimeout(5)
}

/** A second Marina on the same database and storage, like a second process: the two share nothing in memory. */
export function openBeside({ config }: TestMarina, settings: TestSettings = {}): Promise<TestMarina> {
  return openTestMarina({
    MARINA_DATABASE_URL: config.database.url!,
    MARINA_DATA_DIR: config.server.dataDir,
    ...settings,
  })
}

/** What a first start leaves in a database, done once for all tests: schema, key, administrator, library. */
async function prepare(url: string): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'marina-test-first-'))
  try {
    const marina = await openMarina(
      configOf({ MARINA_DATABASE_URL: url, MARINA_DATA_DIR: dataDir }),
      openLog({ level: 'silent', format: 'json' }),
    )
    await marina.close()
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

function configOf(settings: TestSettings): Config {
  const written = Object.entries({ ...fixed, ...settings }).map(([name, text]) => [name, { text, source: 'test' }])
  return buildConfig(Object.fromEntries(written))
}

import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { freePort, output, type Program, type Scratch } from './scratch.ts'

/** A registry under test: its port, tokens for its repositories, and the folder of its blobs. */
export type Registry = Program & {
  name: string
  /** A bearer token for pulls and pushes of these repositories. */
  token(repositories: string[]): Promise<string>
  storage: string
}

const main = path.resolve(import.meta.dirname, '../server/main.ts')
/** Of the account `admin` in every Marina of the bench. */
export const adminPassword = 'Secret123pw'
/** The administrator's credentials for the REST API, as a header. */
export const basic = `Basic ${btoa(`admin:${adminPassword}`)}`
const secretKey = randomBytes(32).toString('hex')

/**
 * Starts Marina with its defaults as one process; the log of requests is off, as docker-registry's access log is.
 */
export async function startMarina(scratch: Scratch, more: Record<string, string> = {}): Promise<Registry> {
  const port = await freePort()
  const env = {
    // As npm start has it.
    NODE_COMPILE_CACHE: path.resolve(import.meta.dirname, '../.cache/compile'),
    MARINA_DATA_DIR: scratch.path('marina'),
    MARINA_HOST: '127.0.0.1',
    MARINA_PORT: String(port),
    MARINA_METRICS_PORT: 'off',
    // Most scenarios measure, profile and watch one process.
    MARINA_PROCESSES: '1',
    MARINA_ADMIN_PASSWORD: adminPassword,
    MARINA_LOG_REQUESTS: 'none',
    MARINA_SECRET_KEY: secretKey,
    ...more,
  }
  // BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=/tmp/prof" profiles the server alone.
  const nodeOptions = (process.env['BENCH_NODE_OPTIONS'] ?? '').split(' ').filter((one) => one !== '')
  const program = await scratch.start([process.execPath, ...nodeOptions, main, 'serve'], {
    port,
    env,
    isReady: 'MARINA_TLS_CERT' in more ? isHealthyByTls : isHealthy,
  })
  return {
    ...program,
    name: 'Marina',
    storage: scratch.path('marina/storage'),
    token: (repositories) => harborToken(port, basic, repositories),
  }
}

/** Starts a second Marina on the database and storage of a running one. */
export async function startSecondMarina(
  scratch: Scratch,
  more: Record<string, string> = {},
  folder = 'marina2',
): Promise<Registry> {
  return startMarina(scratch, {
    MARINA_DATABASE_URL: databaseUrlOf(scratch),
    MARINA_DATA_DIR: scratch.path(folder),
    MARINA_STORAGE_ROOT: scratch.path('marina/storage'),
    ...more,
  })
}

/** Starts Debian's redis-server, which keeps nothing on disk. */
export async function startRedis(scratch: Scratch, wanted?: number): Promise<Program & { url: string }> {
  const port = wanted ?? (await freePort())
  const command = [
    'redis-server',
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    scratch.dir,
  ]
  const isReady = () =>
    output('redis-cli', ['-p', String(port), 'ping']).then(
      (said) => said.trim() === 'PONG',
      () => false,
    )
  return { ...(await scratch.start(command, { port, isReady })), url: `redis://127.0.0.1:${port}` }
}

/** The URL of Marina's own PostgreSQL, for a second process on the same database and for `seed.ts`. */
export function databaseUrlOf(scratch: Scratch): string {
  return `postgresql://marina@localhost/marina?host=${encodeURIComponent(scratch.path('marina/postgres/run'))}`
}

async function isHealthy(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/api/v2.0/health`).then(
    ({ ok }) => ok,
    () => false,
  )
}

/** With a certificate that nobody has to trust. */
async function isHealthyByTls(port: number): Promise<boolean> {
  return output('curl', ['-k', '-s', '-f', `https://127.0.0.1:${port}/api/v2.0/health`]).then(
    () => true,
    () => false,
  )
}

/** A token as Harbor's clients get it, from Marina or from a Harbor. */
export async function harborToken(port: number, authorization: string, repositories: string[]): Promise<string> {
  const query = new URLSearchParams({
    service: 'harbor-registry',
    scope: repositories.map((name) => `repository:${name}:pull,push`).join(' '),
  })
  const answer = await fetch(`http://127.0.0.1:${port}/service/token?${query.toString()}`, {
    headers: { authorization },
  })
  if (!answer.ok) throw new Error(`no token from port ${port}: ${answer.status} ${await answer.text()}`)
  return ((await answer.json()) as { token: string }).token
}

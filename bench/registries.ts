import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, type KeyObject } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
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
const password = 'Secret123pw'
/** The administrator's credentials for the REST API, as a header. */
export const basic = `Basic ${btoa(`admin:${password}`)}`
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
    MARINA_ADMIN_PASSWORD: password,
    MARINA_LOG_REQUESTS: 'none',
    MARINA_SECRET_KEY: secretKey,
    ...more,
  }
  // BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=/tmp/prof" profiles the server alone.
  const nodeOptions = (process.env['BENCH_NODE_OPTIONS'] ?? '').split(' ').filter((one) => one !== '')
  const program = await scratch.start([process.execPath, ...nodeOptions, main, 'serve'], {
    port,
    env,
    isReady: isHealthy,
  })
  return {
    ...program,
    name: 'Marina',
    storage: scratch.path('marina/storage'),
    token: (repositories) => marinaToken(port, repositories),
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
export async function startRedis(scratch: Scratch): Promise<Program & { url: string }> {
  const port = await freePort()
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

async function marinaToken(port: number, repositories: string[]): Promise<string> {
  const query = new URLSearchParams({
    service: 'harbor-registry',
    scope: repositories.map((name) => `repository:${name}:pull,push`).join(' '),
  })
  const answer = await fetch(`http://127.0.0.1:${port}/service/token?${query.toString()}`, {
    headers: { authorization: basic },
  })
  if (!answer.ok) throw new Error(`no token from Marina: ${answer.status} ${await answer.text()}`)
  return ((await answer.json()) as { token: string }).token
}

/**
 * Starts Debian's docker-registry on the file system. It verifies tokens as Marina does, with ES256 and the same
 * claims.
 */
export async function startDockerRegistry(scratch: Scratch): Promise<Registry> {
  const port = await freePort()
  const storage = scratch.path('docker-registry')
  await mkdir(storage, { recursive: true })
  const key = await makeKey(scratch)
  const config = scratch.path('docker-registry.json') // YAML reads JSON
  writeFileSync(
    config,
    JSON.stringify({
      version: '0.1',
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: storage }, delete: { enabled: true } },
      http: { addr: `127.0.0.1:${port}` },
      auth: {
        token: { realm: 'http://127.0.0.1/token', service: 'bench', issuer: 'bench', rootcertbundle: key.certificate },
      },
    }),
  )
  const program = await scratch.start(['docker-registry', 'serve', config], {
    port,
    env: { OTEL_TRACES_EXPORTER: 'none' },
  })
  return { ...program, name: 'docker-registry', storage, token: async (repositories) => signToken(key, repositories) }
}

type Key = { certificate: string; privateKey: KeyObject; id: string }

async function makeKey(scratch: Scratch): Promise<Key> {
  const [keyFile, certificate] = [scratch.path('key.pem'), scratch.path('certificate.pem')]
  await output('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    keyFile,
    '-out',
    certificate,
    '-days',
    '2',
    '-subj',
    '/CN=bench',
  ])
  const privateKey = createPrivateKey(readFileSync(keyFile))
  return { certificate, privateKey, id: fingerprint(createPublicKey(privateKey)) }
}

/** The id by which docker-registry 2.8 finds a key (libtrust): 240 bits of the key's SHA-256, base32 in groups of 4. */
function fingerprint(key: KeyObject): string {
  const bits = [
    ...createHash('sha256')
      .update(key.export({ type: 'spki', format: 'der' }))
      .digest()
      .subarray(0, 30),
  ]
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('')
  const letters = bits
    .match(/.{5}/g)!
    .map((five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(five, 2)])
    .join('')
  return letters.match(/.{4}/g)!.join(':')
}

function signToken({ privateKey, id }: Key, repositories: string[]): string {
  const now = Math.floor(Date.now() / 1000)
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = {
    iss: 'bench',
    sub: 'admin',
    aud: 'bench',
    iat: now,
    nbf: now - 60,
    exp: now + 3600,
    jti: randomBytes(16).toString('hex'),
    access: repositories.map((name) => ({ type: 'repository', name, actions: ['pull', 'push'] })),
  }
  const signed = `${part({ alg: 'ES256', typ: 'JWT', kid: id })}.${part(claims)}`
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

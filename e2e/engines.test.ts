/** Docker's and containerd's own daemons against a real Marina, as on a user's machine and on a Kubernetes node. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { CallFailed, pullImage } from './cri.ts'
import { startDaemon } from './daemon.ts'
import { ask, basic } from './http.ts'
import { smallImage, type Descriptor } from './image.ts'
import { makeCache } from './cache.ts'
import { end, makeFolder, root, run, startMarina, type Marina } from './marina.ts'
import { openDockerRegistry } from './registry.ts'

type Manifest = { config: Descriptor; layers: Descriptor[] }
type List = { manifests: (Descriptor & { platform: { architecture: string } })[] }

// A path of a Unix socket has at most 107 characters, so that the daemons' folders are not below a long TMPDIR.
let sockets: string
let top: Awaited<ReturnType<typeof makeFolder>>
let marina: Marina
let password: string
/** Docker's mirrors have no path, so that a host name stands for the project. */
const mirrorHost = { MARINA_PROXY_CACHE_HOSTS: 'localhost=cached' }
/** A registry that the project `cached` caches. */
let upstream: Awaited<ReturnType<typeof openDockerRegistry>>
const daemons: AsyncDisposable[] = []

before(
  async () => {
    await nameOthers()
    sockets = await mkdtemp('/tmp/engines-')
    top = await makeFolder()
    const dataDir = path.join(top.dir, 'data')
    await mkdir(dataDir)
    marina = await startMarina({ dataDir, env: { MARINA_OUTBOUND_ALLOW: '127.0.0.1', ...mirrorHost } })
    password = marina.password!
    upstream = await openDockerRegistry(path.join(top.dir, 'upstream'))
    await makeCache(marina, 'cached', upstream.url)
    await ask(`${marina.url}/api/v2.0/projects`, 201, {
      method: 'POST',
      headers: { ...basic(password), 'content-type': 'application/json' },
      body: JSON.stringify({ project_name: 'team', metadata: { public: 'false' } }),
    })
    daemons.push(await startContainerd())
    daemons.push(await startDocker())
  },
  { timeout: 280_000 },
)
after(async () => {
  for (const daemon of daemons.toReversed()) await daemon[Symbol.asyncDispose]()
  await marina?.[Symbol.asyncDispose]()
  await upstream?.[Symbol.asyncDispose]()
  await top[Symbol.asyncDispose]()
  await rm(sockets, { recursive: true, force: true })
})

test('docker logs in, pushes, inspects, pulls by tag and by digest, mounts layers, and logs out', async () => {
  const name = `${marina.host}/team/docker`
  await importImage(`${name}:1`, 'from docker')
  const credentials = ['login', '--username', 'admin', '--password']
  const wrong = await endDocker(...credentials, 'wrong', marina.host)
  assert.notEqual(wrong.code, 0)
  assert.match(wrong.stderr, /wrong name or password/)
  assert.match((await endDocker('push', `${name}:1`)).stderr, /denied|unauthorized|authentication required/)
  assert.match(await docker(...credentials, password, marina.host), /Login Succeeded/)

  const digest = /digest: (sha256:[0-9a-f]{64})/.exec(await docker('push', `${name}:1`))![1]!
  const manifest = await stored('team/docker', digest)
  const inspected = await docker('manifest', 'inspect', '--insecure', `${name}:1`)
  assert.deepEqual(JSON.parse(inspected), JSON.parse(String(manifest)))

  for (const reference of [`${name}:1`, `${name}@${digest}`]) {
    await docker('image', 'rm', '--force', ...(await docker('images', '--quiet', name)).trim().split('\n'))
    assert.match(await docker('pull', reference), new RegExp(`Digest: ${digest}`))
    assert.equal(await fileIn(reference), 'from docker')
  }
  await docker('tag', `${name}@${digest}`, `${marina.host}/library/mounted:1`)
  assert.match(await docker('push', `${marina.host}/library/mounted:1`), /Mounted from team\/docker/)

  await docker('logout', marina.host)
  assert.match((await endDocker('pull', `${name}:1`)).stderr, /denied|unauthorized|authentication required/)
  await docker('pull', `${marina.host}/library/mounted:1`)
})

test('docker makes a manifest list, and Marina answers a pull of it with the image of the platform', async () => {
  const name = `${marina.host}/team/list`
  await docker('login', '--username', 'admin', '--password', password, marina.host)
  for (const architecture of ['amd64', 'arm64']) {
    // Docker 20.10 makes lists of manifests in Docker's format only.
    await pushSmall(`team/list:${architecture}`, architecture, { architecture, format: 'v2s2' })
  }
  await docker('manifest', 'create', '--insecure', `${name}:all`, `${name}:amd64`, `${name}:arm64`)
  const digest = (await docker('manifest', 'push', '--insecure', `${name}:all`)).trim()
  const list = JSON.parse(String(await stored('team/list', digest))) as List
  assert.deepEqual(list.manifests.map(({ platform }) => platform.architecture).sort(), ['amd64', 'arm64'])
  for (const architecture of ['arm64', 'amd64']) {
    await docker('pull', '--platform', `linux/${architecture}`, `${name}:all`)
    assert.equal(await fileIn(`${name}:all`, architecture), architecture)
  }
})

test("docker-py logs in, and pulls and pushes by the daemon's API", async () => {
  await pushSmall('team/python:1', 'from python')
  const program = [
    'import docker, sys',
    'socket, registry, password = sys.argv[1:]',
    'client = docker.DockerClient(base_url=socket)',
    'auth = {"username": "admin", "password": password}',
    'client.login(registry=registry, **auth)',
    'image = client.images.pull(f"{registry}/team/python", tag="1", auth_config=auth)',
    'image.tag(f"{registry}/team/python", tag="2")',
    'print(client.images.push(f"{registry}/team/python", tag="2", auth_config=auth))',
  ]
  const socket = `unix://${path.join(sockets, 'docker.sock')}`
  // Debian's own Python: another one on PATH does not see Debian's packages.
  const said = await run(['/usr/bin/python3', '-c', program.join('\n'), socket, marina.host, password])
  assert.match(said, /digest: sha256:/)
  assert.doesNotMatch(said, /errorDetail/)
  await docker('login', '--username', 'admin', '--password', password, marina.host)
  await docker('image', 'rm', `${marina.host}/team/python:1`, `${marina.host}/team/python:2`)
  await docker('pull', `${marina.host}/team/python:2`)
  assert.equal(await fileIn(`${marina.host}/team/python:2`), 'from python')
})

test('containerd pulls by tag and by digest through hosts.toml, and pushes', async () => {
  const { manifest } = await pushSmall('team/containerd:1', 'from containerd')
  const user = ['--user', `admin:${password}`]
  for (const reference of ['team/containerd:1', `team/containerd@${manifest.digest}`]) {
    const name = `registry.test/${reference}`
    assert.notEqual((await endCtr('images', 'pull', ...native, ...hosts(), name)).code, 0, 'a stranger gets nothing')
    await ctr('images', 'pull', ...native, ...hosts(), ...user, name)
    assert.match(await ctr('images', 'list', `name==${name}`), new RegExp(` ${manifest.digest} `))
  }
  const wrong = await endCtr('images', 'pull', ...hosts(), '--user', 'admin:wrong', 'registry.test/team/containerd:1')
  assert.match(wrong.stderr, /401 Unauthorized/)
  const pushed = ['registry.test/team/pushed:1', 'registry.test/team/containerd:1']
  await ctr('images', 'push', ...hosts(), ...user, ...pushed)
  const { headers } = await ask(`${marina.url}/v2/team/pushed/manifests/1`, 200, { headers: basic(password) })
  assert.equal(headers.get('docker-content-digest'), manifest.digest)
})

test("containerd's CRI pulls as the kubelet does: with a pull secret, by tag and by digest", async () => {
  const { manifest, layout } = await pushSmall('team/cri:1', 'for the kubelet')
  const { config } = JSON.parse(String(await layout.read(manifest.digest))) as Manifest
  const socket = path.join(sockets, 'containerd.sock')
  for (const name of ['registry.test/team/cri:1', `registry.test/team/cri@${manifest.digest}`]) {
    await assert.rejects(
      pullImage(socket, name),
      (error) => error instanceof CallFailed && /authorization failed|401 Unauthorized/.test(error.message),
    )
    assert.equal(await pullImage(socket, name, { username: 'admin', password }), config.digest)
  }
  await assert.rejects(
    pullImage(socket, 'registry.test/team/cri:none', { username: 'admin', password }),
    (error) => error instanceof CallFailed && error.code === 5 && /not found/.test(error.message),
  )
})

test('docker pulls an image that nobody has pulled through a cache yet', async () => {
  const { manifest } = await pushSmall('team/docker:1', 'cached for docker', { to: upstream.host })
  await docker('login', '--username', 'admin', '--password', password, marina.host)
  const name = `${marina.host}/cached/team/docker:1`
  assert.match(await docker('pull', name), new RegExp(`Digest: ${manifest.digest}`))
  assert.equal(await fileIn(name), 'cached for docker')
})

test('docker pulls through its registry-mirrors from a cache with a host of its own', async () => {
  const { manifest } = await pushSmall('library/mirrored:1', 'mirrored for docker', { to: upstream.host })
  assert.match(await docker('pull', 'mirrored:1'), new RegExp(`Digest: ${manifest.digest}`))
  assert.equal(await fileIn('mirrored:1'), 'mirrored for docker')
  assert.ok(marina.requests().some(({ path: one }) => one.startsWith('/v2/library/mirrored/manifests/')))
})

test('containerd pulls through a cache: by its path, and by the registry that it names itself (ns)', async () => {
  const { manifest } = await pushSmall('team/mirrored:1', 'cached for containerd', { to: upstream.host })
  const digest = new RegExp(` ${manifest.digest} `)
  const server = `server = "${upstream.url}"`
  // Both as in docs/operate/proxy-cache.md.
  const byPath = `[host."${marina.url}/v2/cached"]\n  capabilities = ["pull", "resolve"]\n  override_path = true\n`
  const byName = `[host."${marina.url}"]\n  capabilities = ["pull", "resolve"]\n`
  // k3s makes this of an endpoint with a path: capabilities of the server, and a table of hosts that begins empty.
  const byK3s = `capabilities = ["pull", "resolve", "push"]\n\n[host]\n\n${byPath}`
  for (const host of [byPath, byName, byK3s]) {
    const dir = await mkdtemp(path.join(top.dir, 'mirrors-'))
    await mkdir(path.join(dir, upstream.host))
    await writeFile(path.join(dir, upstream.host, 'hosts.toml'), `${server}\n${host}`)
    const name = `${upstream.host}/team/mirrored:1`
    const before = marina.requests().length
    await ctr('images', 'pull', ...native, '--hosts-dir', dir, name)
    assert.match(await ctr('images', 'list', `name==${name}`), digest)
    await ctr('images', 'remove', '--sync', name)
    const asked = marina.requests().slice(before)
    const found = asked.filter(({ path: one, status }) => one.includes('team/mirrored/manifests/') && status === 200)
    assert.ok(found.length > 0, `it came through Marina: ${JSON.stringify(asked)}`)
  }
})

/** Prints which clients no test has, so that nobody takes them for tried. */
async function nameOthers(): Promise<void> {
  const page = await readFile(path.join(root, 'docs/develop/clients.md'), 'utf8')
  const rows = [...page.matchAll(/^\| ([^|]+) \|[^|]+\|[^|]+\| ([^|]+) \|$/gm)].slice(2)
  const others = rows.filter(([, , repeat = '']) => !repeat.includes('npm test')).map(([, client]) => client)
  assert.ok(others.length > 0)
  const why = '`npm test` cannot install them: they are tried by hand, as docs/develop/clients.md says.'
  process.stdout.write(`Clients that no test tries: ${others.join('; ')}. ${why}\n`)
}

/** dockerd without networks of its own: no bridge, no rules for packets, no setting of the kernel, no file in /etc. */
async function startDocker(): Promise<AsyncDisposable> {
  const at = (name: string) => path.join(sockets, name)
  await writeFile(at('docker.json'), JSON.stringify({ 'deprecated-key-path': at('key.json') }))
  const options = {
    host: `unix://${at('docker.sock')}`,
    containerd: at('containerd.sock'),
    'data-root': path.join(top.dir, 'docker'),
    'exec-root': at('exec'),
    pidfile: at('docker.pid'),
    'config-file': at('docker.json'),
    'storage-driver': 'vfs',
    bridge: 'none',
    'registry-mirror': marina.url.replace('127.0.0.1', 'localhost'),
    iptables: false,
    ip6tables: false,
    'ip-forward': false,
    'ip-masq': false,
  }
  const command = ['dockerd', ...Object.entries(options).map(([name, value]) => `--${name}=${value}`)]
  return startDaemon({ command, dir: top.dir, ready: /API listen on/ })
}

/** containerd with its CRI. Names of the registry `registry.test` lead to Marina, by its hosts.toml. */
async function startContainerd(): Promise<AsyncDisposable> {
  const at = (name: string) => path.join(sockets, name)
  const of = path.join(top.dir, 'hosts/registry.test')
  await mkdir(of, { recursive: true })
  const host = `[host."${marina.url}"]\n  capabilities = ["pull", "resolve", "push"]\n`
  await writeFile(path.join(of, 'hosts.toml'), `server = "${marina.url}"\n${host}`)
  const config = path.join(top.dir, 'containerd.toml')
  const cri = 'plugins."io.containerd.grpc.v1.cri"'
  const lines = [
    'version = 2',
    `root = "${path.join(top.dir, 'containerd')}"`,
    `state = "${at('state')}"`,
    'disabled_plugins = ["io.containerd.internal.v1.opt"]',
    `[grpc]\n  address = "${at('containerd.sock')}"`,
    `[${cri}]\n  stream_server_port = "0"`,
    `[${cri}.cni]\n  conf_dir = "${at('cni')}"\n  bin_dir = "${at('cni')}"`,
    // The usual overlays need a file system below them that takes overlays.
    `[${cri}.containerd]\n  snapshotter = "native"`,
    `[${cri}.registry]\n  config_path = "${path.join(top.dir, 'hosts')}"`,
  ]
  await writeFile(config, `${lines.join('\n')}\n`)
  return startDaemon({ command: ['containerd', '--config', config], dir: top.dir, ready: /successfully booted/ })
}

const native = ['--snapshotter', 'native']
const hosts = () => ['--hosts-dir', path.join(top.dir, 'hosts')]
const ctrCommand = (args: string[]) => ['ctr', '--address', path.join(sockets, 'containerd.sock'), ...args]
const ctr = (...args: string[]) => run(ctrCommand(args))
const endCtr = (...args: string[]) => end(ctrCommand(args))

const docker = (...args: string[]) => run(['docker', ...args], { env: dockerEnvironment() })
const endDocker = (...args: string[]) => end(['docker', ...args], { env: dockerEnvironment() })
const dockerEnvironment = () => ({
  DOCKER_HOST: `unix://${path.join(sockets, 'docker.sock')}`,
  DOCKER_CONFIG: path.join(top.dir, 'docker-client'),
})

/** Makes an image of one layer, with the file hello.txt in it. */
async function importImage(name: string, text: string): Promise<void> {
  const dir = await mkdtemp(path.join(top.dir, 'import-'))
  await writeFile(path.join(dir, 'hello.txt'), text)
  await run(['tar', '-cf', path.join(dir, 'layer.tar'), '-C', dir, 'hello.txt'])
  await docker('import', path.join(dir, 'layer.tar'), name)
}

/** What hello.txt holds in a container of the image; the container never runs. */
async function fileIn(image: string, architecture = 'amd64'): Promise<string> {
  const id = (await docker('create', '--platform', `linux/${architecture}`, image, '/never')).trim()
  const file = path.join(await mkdtemp(path.join(top.dir, 'copied-')), 'hello.txt')
  await docker('cp', `${id}:/hello.txt`, file)
  await docker('rm', id)
  return readFile(file, 'utf8')
}

async function pushSmall(
  name: string,
  text: string,
  { architecture = 'amd64', format = 'oci', to = marina.host } = {},
) {
  const small = await smallImage(await mkdtemp(path.join(top.dir, 'small-')), text, architecture)
  const creds = ['--dest-creds', `admin:${password}`, '--dest-tls-verify=false']
  await run(['skopeo', 'copy', '--quiet', '--format', format, ...creds, small.source, `docker://${to}/${name}`])
  return small
}

async function stored(repository: string, digest: string): Promise<Buffer> {
  const { bytes } = await ask(`${marina.url}/v2/${repository}/manifests/${digest}`, 200, { headers: basic(password) })
  return bytes
}

/** Real clients against a real Marina: what they push, copy and pull stays the same, byte by byte. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { makeCache } from './cache.ts'
import { debianRoot, describeTree } from './debian.ts'
import { ask, basic } from './http.ts'
import { digestOf, Layout, smallImage, types, type Descriptor } from './image.ts'
import { end, makeFolder, run, startMarina, type Marina } from './marina.ts'
import { openDockerRegistry } from './registry.ts'

type Manifest = { config?: Descriptor; layers?: Descriptor[]; manifests?: Descriptor[] }

// podman allows at most 50 characters in the path of its runroot.
let runroot: string
let top: Awaited<ReturnType<typeof makeFolder>>
let marina: Marina
let other: Awaited<ReturnType<typeof openDockerRegistry>>
let password: string
let admin: string
let rootfs: string

before(
  async () => {
    rootfs = await debianRoot()
    runroot = await mkdtemp('/tmp/podman-')
    top = await makeFolder()
    const dataDir = path.join(top.dir, 'data')
    await mkdir(dataDir)
    marina = await startMarina({ dataDir, env: { MARINA_OUTBOUND_ALLOW: '127.0.0.1' } })
    other = await openDockerRegistry(path.join(top.dir, 'other'))
    password = marina.password!
    admin = `admin:${password}`
    await ask(`${marina.url}/api/v2.0/projects`, 201, {
      method: 'POST',
      headers: { ...basic(password), 'content-type': 'application/json' },
      body: JSON.stringify({ project_name: 'team', metadata: { public: 'false' } }),
    })
  },
  { timeout: 900_000 },
)
after(async () => {
  await marina?.stop()
  await marina?.[Symbol.asyncDispose]()
  await other?.[Symbol.asyncDispose]()
  await top[Symbol.asyncDispose]()
  await rm(runroot, { recursive: true, force: true })
})

test('a Debian image keeps every byte from Marina to docker-registry, back, and to podman', async () => {
  const layout = path.join(top.dir, 'debian')
  const extra = path.join(top.dir, 'extra')
  await writeFile(extra, 'a second layer\n')
  for (const args of [
    ['init', '--layout', layout],
    ['new', '--image', `${layout}:12`],
    ['insert', '--image', `${layout}:12`, rootfs, '/'],
    ['insert', '--image', `${layout}:12`, extra, '/etc/marina'],
  ]) {
    await run(['umoci', ...args])
  }
  await copy(`oci:${layout}:12`, inMarina('team/debian:12'))
  await copy(inMarina('team/debian:12'), inOther('debian:12'))
  await copy(inOther('debian:12'), inMarina('team/returned:12'))

  const { manifests } = JSON.parse(await readFile(path.join(layout, 'index.json'), 'utf8')) as {
    manifests: Descriptor[]
  }
  await assertEverywhere(new Layout(layout), manifests[0]!.digest, ['team/debian', 'team/returned'], ['debian'])

  const podman = podmanIn(path.join(top.dir, 'podman'))
  await run([...podman, 'pull', '--quiet', '--tls-verify=false', '--creds', admin, `${marina.host}/team/returned:12`])
  const mounted = (await run([...podman, 'image', 'mount', `${marina.host}/team/returned:12`])).trim()
  const [packed, unpacked] = await Promise.all([describeTree(rootfs), describeTree(mounted)])
  assert.ok(packed.length > 3000, `only ${packed.length} files`)
  const expected = new Set([...packed, `etc/marina 100644 0:0 15 ${digestOf('a second layer\n').slice(7)}`])
  assert.deepEqual(
    unpacked.filter((line) => !expected.has(line)),
    [],
  )
  assert.equal(unpacked.length, expected.size)
  await run([...podman, 'image', 'unmount', '--all'])
})

test('a multi-architecture index and its referrer keep every byte to docker-registry and back', async () => {
  const layout = new Layout(path.join(top.dir, 'multi'))
  const index = await layout.addIndex([
    await layout.addImage({ 'arch.txt': 'amd64' }),
    await layout.addImage({ 'arch.txt': 'arm64' }, 'arm64'),
  ])
  const report = await layout.add('{"vulnerabilities":[]}', 'application/vnd.example.report+json')
  const empty = await layout.add('{}', types.empty)
  const { platform: _, ...subject } = index
  const referrer = await layout.add(
    {
      schemaVersion: 2,
      mediaType: types.manifest,
      artifactType: 'application/vnd.example.report',
      config: empty,
      layers: [report],
      subject,
    },
    types.manifest,
  )

  await copy(await layout.name(index, 'multi'), inMarina('team/multi:1'), '--all')
  for (const blob of [report, empty]) await upload('team/multi', await layout.read(blob.digest))
  const pushed = await ask(`${marina.url}/v2/team/multi/manifests/${referrer.digest}`, 201, {
    method: 'PUT',
    headers: { ...basic(password), 'content-type': types.manifest },
    body: new Uint8Array(await layout.read(referrer.digest)),
  })
  assert.equal(pushed.headers.get('oci-subject'), index.digest)

  await copy(inMarina('team/multi:1'), inOther('multi:1'), '--all')
  await copy(inMarina(`team/multi@${referrer.digest}`), inOther('multi:report'))
  await copy(inOther('multi:report'), inMarina('team/back:report'))
  await copy(inOther('multi:1'), inMarina('team/back:1'), '--all')

  for (const digest of [index.digest, referrer.digest])
    await assertEverywhere(layout, digest, ['team/multi', 'team/back'], ['multi'])
  for (const repository of ['team/multi', 'team/back']) {
    const listed = await ask(`${marina.url}/v2/${repository}/referrers/${index.digest}`, 200, {
      headers: basic(password),
    })
    assert.equal(listed.headers.get('content-type'), types.index)
    const { manifests } = listed.json as { manifests: (Descriptor & { artifactType: string })[] }
    assert.deepEqual(
      manifests.map(({ digest, size, artifactType }) => ({ digest, size, artifactType })),
      [{ digest: referrer.digest, size: referrer.size, artifactType: 'application/vnd.example.report' }],
    )
  }
})

test('skopeo logs in, lists tags, inspects, deletes and logs out', async () => {
  const { source, manifest } = await smallImage(path.join(top.dir, 'skopeo'), 'skopeo')
  const env = { REGISTRY_AUTH_FILE: path.join(top.dir, 'skopeo-auth.json') }
  const skopeo = (...args: string[]) => run(['skopeo', ...args], { env })
  const target = `docker://${marina.host}/team/skopeo`
  assert.match(
    await skopeo('login', '--tls-verify=false', '--username', 'admin', '--password', password, marina.host),
    /Login Succeeded!/,
  )
  for (const tag of ['1', '2', 'latest']) await skopeo('copy', '--dest-tls-verify=false', source, `${target}:${tag}`)
  assert.deepEqual((JSON.parse(await skopeo('list-tags', '--tls-verify=false', target)) as { Tags: string[] }).Tags, [
    '1',
    '2',
    'latest',
  ])
  const seen = JSON.parse(await skopeo('inspect', '--tls-verify=false', `${target}:2`)) as {
    Digest: string
    Architecture: string
    RepoTags: string[]
  }
  assert.deepEqual([seen.Digest, seen.Architecture, seen.RepoTags], [manifest.digest, 'amd64', ['1', '2', 'latest']])
  await skopeo('delete', '--tls-verify=false', `${target}:2`)
  assert.match(
    (await end(['skopeo', 'inspect', '--tls-verify=false', `${target}:1`], { env })).stderr,
    /manifest unknown/i,
  )
  await skopeo('logout', marina.host)
  assert.notEqual((await end(['skopeo', 'list-tags', '--tls-verify=false', target], { env })).code, 0)
})

test('every client shows that a password is wrong', async () => {
  const env = { REGISTRY_AUTH_FILE: path.join(top.dir, 'wrong-auth.json') }
  for (const client of [['skopeo'], ['buildah'], podmanIn(path.join(top.dir, 'podman'))]) {
    const { code, stderr } = await end(
      [...client, 'login', '--tls-verify=false', '--username', 'admin', '--password', 'wrong', marina.host],
      { env },
    )
    assert.notEqual(code, 0)
    assert.match(stderr, /invalid username\/password/)
  }
  const { stderr } = await end([
    'skopeo',
    'list-tags',
    '--tls-verify=false',
    '--creds',
    'admin:wrong',
    `docker://${marina.host}/team/debian`,
  ])
  assert.match(stderr, /wrong name or password/)
})

test('buildah commits and pushes an image; podman pulls it by tag and by digest, and pushes it on', async () => {
  const env = { REGISTRY_AUTH_FILE: path.join(top.dir, 'build-auth.json') }
  const buildah = (...args: string[]) => run(['buildah', ...buildahIn(path.join(top.dir, 'buildah')), ...args], { env })
  const podman = (...args: string[]) => run([...podmanIn(path.join(top.dir, 'podman')), ...args], { env })
  const digestFile = path.join(top.dir, 'digest')
  await writeFile(path.join(top.dir, 'greeting'), 'built\n')

  await buildah('login', '--tls-verify=false', '--username', 'admin', '--password', password, marina.host)
  const container = (await buildah('from', 'scratch')).trim()
  await buildah('copy', '--quiet', container, path.join(top.dir, 'greeting'), '/greeting')
  await buildah('commit', '--quiet', container, 'built')
  await buildah(
    'push',
    '--quiet',
    '--tls-verify=false',
    '--digestfile',
    digestFile,
    'built',
    `${marina.host}/team/built:1`,
  )
  const digest = await readFile(digestFile, 'utf8')
  const { headers } = await ask(`${marina.url}/v2/team/built/manifests/1`, 200, { headers: basic(password) })
  assert.equal(headers.get('docker-content-digest'), digest)

  await podman('login', '--tls-verify=false', '--username', 'admin', '--password', password, marina.host)
  await podman('pull', '--quiet', '--tls-verify=false', `${marina.host}/team/built@${digest}`)
  await podman('pull', '--quiet', '--tls-verify=false', `${marina.host}/team/built:1`)
  const mounted = (await podman('image', 'mount', `${marina.host}/team/built:1`)).trim()
  assert.equal(await readFile(path.join(mounted, 'greeting'), 'utf8'), 'built\n')
  await podman('image', 'unmount', '--all')
  await podman('push', '--quiet', '--tls-verify=false', `${marina.host}/team/built:1`, `${marina.host}/team/built:2`)
  const pulled = path.join(top.dir, 'built')
  await copy(inMarina('team/built:2'), `dir:${pulled}`)
  await podman('logout', marina.host)
})

test('podman, buildah and skopeo pull through a cache that their configuration names as a mirror', async () => {
  await makeCache(marina, 'mirror', other.url)
  const config = path.join(top.dir, 'registries.conf')
  // As in docs/operate/proxy-cache.md; insecure, as neither registry has TLS here.
  const lines = [
    `[[registry]]\nprefix = "${other.host}"\nlocation = "${other.host}"\ninsecure = true`,
    `[[registry.mirror]]\nlocation = "${marina.host}/mirror"\ninsecure = true`,
  ]
  await writeFile(config, `${lines.join('\n')}\n`)
  const env = { CONTAINERS_REGISTRIES_CONF: config }
  const clients: Record<string, (name: string) => string[]> = {
    podman: (name) => [...podmanIn(path.join(top.dir, 'podman')), 'pull', '--quiet', `docker://${name}`],
    skopeo: (name) => {
      const to = `dir:${path.join(top.dir, 'mirrored')}`
      return ['skopeo', '--registries-conf', config, 'copy', '--quiet', `docker://${name}`, to]
    },
    buildah: (name) => ['buildah', ...buildahIn(path.join(top.dir, 'buildah')), 'pull', '--quiet', `docker://${name}`],
  }
  for (const [client, command] of Object.entries(clients)) {
    const { source, manifest } = await smallImage(path.join(top.dir, `for-${client}`), `for ${client}`)
    await copy(source, `docker://${other.host}/team/${client}:1`)
    await run(command(`${other.host}/team/${client}:1`), { env })
    const { headers } = await ask(`${marina.url}/v2/mirror/team/${client}/manifests/1`, 200, {
      method: 'HEAD',
      headers: basic(password),
    })
    assert.equal(headers.get('docker-content-digest'), manifest.digest)
    const pulled = marina.requests().filter(({ path: one }) => one.startsWith(`/v2/mirror/team/${client}/blobs/`))
    assert.ok(pulled.length > 0, `${client} has its layers from Marina`)
  }
})

test('anyone pulls from the public library; a private project is refused like an absent one', async () => {
  const { source, layout, manifest } = await smallImage(path.join(top.dir, 'public'), 'public')
  await copy(source, inMarina('library/public:1'))
  await copy(source, inMarina('team/private:1'))
  const pulled = path.join(top.dir, 'public-pulled')
  await run([
    'skopeo',
    'copy',
    '--src-no-creds',
    '--src-tls-verify=false',
    inMarina('library/public:1'),
    `dir:${pulled}`,
  ])
  assert.deepEqual(await readFile(path.join(pulled, 'manifest.json')), await layout.read(manifest.digest))
  const refusals = await Promise.all(
    ['team/private', 'nobody/private'].map(async (name) => {
      const { code, stderr } = await end([
        'skopeo',
        'inspect',
        '--no-creds',
        '--tls-verify=false',
        inMarina(`${name}:1`),
      ])
      assert.notEqual(code, 0)
      return stderr.replaceAll(name, 'NAME').replace(/time="[^"]*"/, '')
    }),
  )
  assert.match(refusals[0]!, /unauthorized|authentication required/)
  assert.equal(refusals[0], refusals[1])
  assert.match(
    (
      await end([
        'skopeo',
        'copy',
        '--dest-no-creds',
        '--dest-tls-verify=false',
        source,
        inMarina('library/stranger:1'),
      ])
    ).stderr,
    /unauthorized|authentication required/,
  )
})

test('skopeo mounts layers of another repository instead of sending them again', async () => {
  const { source, layout, manifest } = await smallImage(path.join(top.dir, 'mounted'), 'mounted')
  await copy(source, inMarina('team/origin:1'))
  await copy(inMarina('team/origin:1'), inMarina('library/mounted:1'))
  const asked = marina.requests().filter((one) => one.path.startsWith('/v2/library/mounted/blobs/uploads/'))
  // The layer is mounted; skopeo always sends the configuration.
  const outcomes = asked.map(({ method, status }) => `${method} ${status}`).sort()
  assert.deepEqual(outcomes, ['PATCH 202', 'POST 201', 'POST 202', 'PUT 201'])
  await assertEverywhere(layout, manifest.digest, ['library/mounted'], [])
})

const inMarina = (name: string) => `docker://${marina.host}/${name}`
const inOther = (name: string) => `docker://${other.host}/${name}`

async function copy(from: string, to: string, ...options: string[]): Promise<void> {
  const creds = [
    ...(from.includes(marina.host) ? ['--src-creds', admin] : []),
    ...(to.includes(marina.host) ? ['--dest-creds', admin] : []),
  ]
  await run([
    'skopeo',
    'copy',
    '--quiet',
    '--preserve-digests',
    '--src-tls-verify=false',
    '--dest-tls-verify=false',
    ...creds,
    ...options,
    from,
    to,
  ])
}

/** podman with folders of its own, and without the features that need a booted system. */
function podmanIn(dir: string): string[] {
  return [
    'podman',
    '--root',
    path.join(dir, 'root'),
    '--runroot',
    runroot,
    '--tmpdir',
    path.join(dir, 'tmp'),
    '--storage-driver',
    'vfs',
    '--cgroup-manager',
    'cgroupfs',
    '--events-backend',
    'none',
  ]
}

function buildahIn(dir: string): string[] {
  return ['--root', path.join(dir, 'root'), '--runroot', path.join(dir, 'run'), '--storage-driver', 'vfs']
}

/** Asserts that a manifest, all that it lists and every blob are the same in the layout and in both registries. */
async function assertEverywhere(layout: Layout, digest: string, ours: string[], theirs: string[]): Promise<void> {
  const bytes = await layout.read(digest)
  const { config, layers = [], manifests = [] } = JSON.parse(String(bytes)) as Manifest
  const places = [
    ...ours.map((name) => ({ base: `${marina.url}/v2/${name}`, headers: basic(password) })),
    ...theirs.map((name) => ({ base: `${other.url}/v2/${name}`, headers: {} })),
  ]
  for (const { base, headers } of places) {
    const manifest = await ask(`${base}/manifests/${digest}`, 200, {
      headers: { ...headers, accept: `${types.manifest}, ${types.index}` },
    })
    assert.deepEqual(manifest.bytes, bytes, base)
    for (const blob of [...(config ? [config] : []), ...layers]) {
      const got = await ask(`${base}/blobs/${blob.digest}`, 200, { headers })
      assert.deepEqual([digestOf(got.bytes), got.bytes.length], [blob.digest, blob.size], base)
      assert.equal(digestOf(await layout.read(blob.digest)), blob.digest)
    }
  }
  for (const one of manifests) await assertEverywhere(layout, one.digest, ours, theirs)
}

async function upload(repository: string, bytes: Buffer): Promise<void> {
  const { headers } = await ask(`${marina.url}/v2/${repository}/blobs/uploads/`, 202, {
    method: 'POST',
    headers: basic(password),
  })
  const place = new URL(headers.get('location')!, marina.url)
  place.searchParams.set('digest', digestOf(bytes))
  await ask(place.href, 201, {
    method: 'PUT',
    headers: { ...basic(password), 'content-type': 'application/octet-stream' },
    body: new Uint8Array(bytes),
  })
}

/** Marina's chart as Helm renders it, and Helm as a client that keeps its charts in Marina. */
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { chart, openHelm, type Helm, type Pod, type Rendered } from './helm.ts'
import { makeFolder, runMarina, startMarina } from './marina.ts'

const secretKey = 'ab'.repeat(32)
/** Two kinds of pods, which share a database and a bucket of their own. */
const several = {
  replicas: 2,
  worker: { enabled: true },
  database: { external: true },
  secrets: { existingSecret: 'mine' },
  config: { storage: { driver: 's3' }, s3: { bucket: 'images' } },
}

let top: Awaited<ReturnType<typeof makeFolder>>
let helm: Helm

before(async () => {
  top = await makeFolder()
  helm = await openHelm(top.dir)
})
after(() => top[Symbol.asyncDispose]())

test('the chart as it is renders one pod with its own database, on a volume', async () => {
  const objects = await helm.render()
  assert.deepEqual(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort(), [
    'ConfigMap try-marina',
    'PersistentVolumeClaim try-marina',
    'Secret try-marina',
    'Service try-marina',
    'StatefulSet try-marina',
  ])
  const pod = podOf(objects, 'StatefulSet')
  assert.deepEqual(pod.containers[0]!.args, ['serve'])
  assert.deepEqual(pod.securityContext, {
    runAsNonRoot: true,
    runAsUser: 10001,
    runAsGroup: 10001,
    fsGroup: 10001,
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  })
  assert.deepEqual(pod.containers[0]!.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  })
  assert.deepEqual([pod.priorityClassName, pod.topologySpreadConstraints], [undefined, undefined])
})

test('values for pods reach both kinds of pods', async () => {
  const spread = [{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule' }]
  const objects = await helm.render({
    ...several,
    podSecurityContext: { runAsUser: null, runAsGroup: null, fsGroup: null, supplementalGroups: [7] },
    securityContext: { readOnlyRootFilesystem: false },
    priorityClassName: 'high',
    topologySpreadConstraints: spread,
    extraEnv: [{ name: 'HTTPS_PROXY', value: 'http://proxy:3128' }],
    extraVolumes: [{ name: 'scratch', emptyDir: {} }],
    extraVolumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
    caBundleSecret: 'authorities',
  })
  for (const [part, name] of [
    ['serve', 'try-marina'],
    ['work', 'try-marina-work'],
  ] as const) {
    const pod = podOf(objects, 'Deployment', name)
    const container = pod.containers[0]!
    assert.deepEqual(container.args, [part])
    // null leaves a key of the chart's own out.
    assert.deepEqual(pod.securityContext, {
      runAsNonRoot: true,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
      supplementalGroups: [7],
    })
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: false,
      capabilities: { drop: ['ALL'] },
    })
    assert.equal(pod.priorityClassName, 'high')
    assert.deepEqual(pod.topologySpreadConstraints, spread)
    assert.deepEqual(
      container.env.filter(({ name }) => !name.startsWith('MARINA_')),
      [
        { name: 'NODE_EXTRA_CA_CERTS', value: '/etc/marina-ca/ca.crt' },
        { name: 'HTTPS_PROXY', value: 'http://proxy:3128' },
      ],
    )
    const ours = ['scratch', 'ca-bundle']
    assert.deepEqual(
      pod.volumes.filter(({ name }) => ours.includes(name)),
      [
        { name: 'ca-bundle', secret: { secretName: 'authorities' } },
        { name: 'scratch', emptyDir: {} },
      ],
    )
    assert.deepEqual(
      container.volumeMounts.filter(({ name }) => ours.includes(name)),
      [
        { name: 'ca-bundle', mountPath: '/etc/marina-ca', readOnly: true },
        { name: 'scratch', mountPath: '/scratch' },
      ],
    )
  }
})

test('every volume that a pod mounts is there, and none is there for nothing', async () => {
  for (const values of [{}, several, { ...several, caBundleSecret: 'authorities' }]) {
    for (const pod of pods(await helm.render(values))) {
      const mounted = pod.containers[0]!.volumeMounts.map(({ name }) => name)
      assert.deepEqual(mounted.sort(), pod.volumes.map(({ name }) => name).sort())
    }
  }
})

test('Marina accepts the marina.yaml and the variables of every pod that the chart renders', async () => {
  const secrets = { adminPassword: 'first-Password-1', secretKey, redisUrl: 'redis://redis' }
  const database = { ...secrets, databaseUrl: 'postgres://db', s3AccessKey: 'key', s3SecretKey: 'secret' }
  for (const values of [
    {},
    { secrets, metrics: { enabled: true }, ingress: { enabled: true, host: 'images.test', tlsSecret: 'tls' } },
    { ...several, secrets: database },
  ]) {
    const objects = await helm.render(values)
    const file = path.join(top.dir, 'marina.yaml')
    await writeFile(file, objects.find(({ kind }) => kind === 'ConfigMap')!.data!['marina.yaml']!)
    const secret = objects.find(({ kind }) => kind === 'Secret')!.stringData ?? {}
    for (const pod of pods(objects)) {
      const given = pod.containers[0]!.env.map(({ name, value, valueFrom }): [string, string | undefined] => [
        name,
        name === 'MARINA_CONFIG' ? file : (value ?? secret[valueFrom!.secretKeyRef.key]),
      ])
      const { code, stdout, stderr } = await runMarina(['config', '--json'], {
        env: Object.fromEntries(given),
      })
      assert.equal(code, 0, stderr)
      const inForce = JSON.parse(stdout) as Record<string, { value: string }>
      const external = 'ingress' in values ? 'https://images.test' : '(none)'
      const names = ['MARINA_DATA_DIR', 'MARINA_PORT', 'MARINA_EXTERNAL_URL']
      assert.deepEqual(
        names.map((name) => inForce[name]?.value),
        ['/data', '8080', external],
      )
    }
  }
})

const refusals: [object, RegExp][] = [
  [{ replicas: 2 }, /the embedded PostgreSQL serves one pod/],
  [{ worker: { enabled: true } }, /the embedded PostgreSQL serves one pod/],
  [{ ...several, config: {} }, /several pods need one volume/],
  [{ database: { external: true } }, /database\.external needs secrets\.databaseUrl/],
  [{ secrets: { databaseUrl: 'postgres://db' } }, /secrets\.databaseUrl needs database\.external/],
  [{ ...several, secrets: { databaseUrl: 'postgres://db' } }, /without a volume, set secrets\.secretKey/],
  [{ config: { storage: { driver: 's3' } } }, /config\.storage\.driver s3 needs config\.s3\.bucket/],
  [{ config: several.config }, /s3 needs secrets\.s3AccessKey and s3SecretKey/],
  [{ ingress: { enabled: true } }, /ingress\.enabled needs ingress\.host/],
  [{ config: { cache: { enabeld: true } } }, /enabeld/],
  [{ config: { secret_key: secretKey } }, /secret_key/],
  [{ secrets: { secretKey: 'short' } }, /secretKey/],
]

for (const [values, reason] of refusals) {
  test(`the chart refuses ${JSON.stringify(values)}, and says why`, async () => {
    await assert.rejects(helm.render(values), reason)
  })
}

test('helm lint has nothing to say against the chart', async () => {
  assert.match(await helm.run('lint', '--strict', chart), /1 chart\(s\) linted, 0 chart\(s\) failed/)
})

test('helm logs in, pushes, shows and pulls a chart, and logs out', async () => {
  const dataDir = path.join(top.dir, 'data')
  await mkdir(dataDir)
  await using marina = await startMarina({ dataDir })
  const login = ['registry', 'login', marina.host, '--username', 'admin', ...(await plainHttp('registry', 'login'))]
  const wrong = await helm.end(...login, '--password', 'wrong')
  assert.notEqual(wrong.code, 0)
  assert.match(wrong.stderr, /wrong name or password/)
  await helm.run(...login, '--password', marina.password!)

  await helm.run('package', chart, '--destination', top.dir)
  const file = path.join(top.dir, 'marina-0.1.0.tgz')
  await helm.run('push', file, `oci://${marina.host}/library`, ...(await plainHttp('push')))
  const kept = [`oci://${marina.host}/library/marina`, '--version', '0.1.0']
  assert.match(await helm.run('show', 'chart', ...kept, ...(await plainHttp('show', 'chart'))), /^name: marina$/m)
  const pulled = path.join(top.dir, 'pulled')
  await mkdir(pulled)
  await helm.run('pull', ...kept, '--destination', pulled, ...(await plainHttp('pull')))
  assert.deepEqual(await readFile(path.join(pulled, 'marina-0.1.0.tgz')), await readFile(file))
  await helm.run('registry', 'logout', marina.host)
  // A version that Marina does not have: of one that it has, Helm would send nothing.
  await helm.run('package', chart, '--version', '0.2.0', '--destination', top.dir)
  const other = path.join(top.dir, 'marina-0.2.0.tgz')
  const refused = await helm.end('push', other, `oci://${marina.host}/library`, ...(await plainHttp('push')))
  assert.notEqual(refused.code, 0)
  assert.match(refused.stderr, /denied|unauthorized|authorization failed/)
})

/** The option for a registry without TLS: it depends on the command and on Helm's version. */
async function plainHttp(...command: string[]): Promise<string[]> {
  const help = await helm.run(...command, '--help')
  return ['--plain-http', '--insecure'].filter((option) => help.includes(`${option} `)).slice(0, 1)
}

const pods = (objects: Rendered[]): Pod[] =>
  objects.filter(({ kind }) => ['Deployment', 'StatefulSet'].includes(kind)).map(({ spec }) => spec.template.spec)

function podOf(objects: Rendered[], kind: string, name = 'try-marina'): Pod {
  const found = objects.filter((one) => one.kind === kind && one.metadata.name === name)
  assert.equal(found.length, 1, `${kind} ${name}`)
  return found[0]!.spec.template.spec
}

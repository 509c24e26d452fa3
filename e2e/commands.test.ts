/** The command line, beside a running Marina and without one, and its messages when something is wrong. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { ask, basic } from './http.ts'
import { digestOf, smallImage } from './image.ts'
import { end, makeFolder, processesIn, root, run, runMarina, startMarina, type Ended, type Marina } from './marina.ts'

let top: Awaited<ReturnType<typeof makeFolder>>
let dataDir: string
let marina: Marina
let password: string
let image: Awaited<ReturnType<typeof smallImage>>

before(async () => {
  top = await makeFolder()
  dataDir = path.join(top.dir, 'data')
  await mkdir(dataDir)
  image = await smallImage(path.join(top.dir, 'layout'), 'hello')
  marina = await startMarina({ dataDir })
  password = marina.password!
  await run([
    'skopeo',
    'copy',
    '--dest-tls-verify=false',
    '--dest-creds',
    `admin:${password}`,
    image.source,
    `docker://${marina.host}/library/small:1`,
  ])
})
after(async () => {
  await marina[Symbol.asyncDispose]()
  await top[Symbol.asyncDispose]()
})

for (const words of [
  [],
  ['serve'],
  ['work'],
  ['migrate'],
  ['config'],
  ['fsck'],
  ['keys'],
  ['keys', 'rotate'],
  ['admin'],
  ['admin', 'reset-password'],
  ['completion'],
]) {
  test(`marina ${[...words, '--help'].join(' ')} explains itself`, async () => {
    const { code, stdout, stderr } = await runMarina([...words, '--help'])
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
    assert.ok(stdout.startsWith(`Usage: ${['marina', ...words].join(' ')} `), stdout)
    assert.ok(stdout.split('\n').filter((line) => line.trim() !== '').length > 2, stdout)
  })
}

test('an unknown command and an unknown option are named, with the nearest that exists', async () => {
  const command = await runMarina(['serv'])
  assert.equal(command.code, 2)
  assert.match(command.stderr, /unknown command 'serv'\n\(Did you mean serve\?\)/)
  const option = await runMarina(['fsck', '--digest'])
  assert.equal(option.code, 2)
  assert.match(option.stderr, /unknown option '--digest'\n\(Did you mean --digests\?\)/)
})

test('bash completes commands, options and arguments after sourcing the script', async () => {
  const script = path.join(top.dir, 'completion.bash')
  await writeFile(script, await run([process.execPath, path.join(root, 'server/main.ts'), 'completion', 'bash']))
  const complete = async (...words: string[]) => {
    const asked =
      'source "$0" && complete -p marina >/dev/null && COMP_WORDS=(marina "$@") && COMP_CWORD=$# && ' +
      '_marina && echo "${COMPREPLY[*]}"'
    return (await run(['bash', '-c', asked, script, ...words])).trim().split(' ')
  }
  assert.deepEqual(await complete('se'), ['serve'])
  assert.deepEqual(await complete('keys', ''), ['rotate', '--help'])
  assert.deepEqual(await complete('admin', 'r'), ['reset-password'])
  assert.deepEqual(await complete('fsck', '--d'), ['--digests'])
  assert.deepEqual(await complete('completion', ''), ['bash', 'zsh', 'fish', '--help'])
  assert.deepEqual(await complete('--config', 'x.yaml', 'mi'), ['migrate'])
  assert.deepEqual(await complete('--config', script.slice(0, -2)), [script])
})

test('marina config shows each value in force and its source, and no secret', async () => {
  const file = path.join(top.dir, 'all.yaml')
  await writeFile(file, 'log:\n  level: warn\ns3:\n  secret_key: file-secret\n')
  const env = {
    MARINA_DATA_DIR: dataDir,
    MARINA_ADMIN_PASSWORD: 'env-password-1',
    MARINA_SECRET_KEY: 'ab'.repeat(32),
    MARINA_DATABASE_URL: 'postgres://me:db-secret@db/marina',
    MARINA_REDIS_URL: 'redis://:redis-secret@redis',
    MARINA_CONFIG: file,
  }
  const [text, json] = [await runMarina(['config'], { env }), await runMarina(['config', '--json'], { env })]
  for (const { code, stdout, stderr } of [text, json]) {
    assert.equal(code, 0, stderr)
    for (const secret of ['file-secret', 'env-password-1', 'abab', 'db-secret', 'redis-secret'])
      assert.ok(!`${stdout}${stderr}`.includes(secret), secret)
  }
  const rows = JSON.parse(json.stdout) as Record<string, { value: string; source: string }>
  assert.deepEqual(rows['MARINA_LOG_LEVEL'], { value: 'warn', source: `${file}:2` })
  assert.deepEqual(rows['MARINA_ADMIN_PASSWORD'], { value: '(set)', source: 'environment' })
  assert.deepEqual(rows['MARINA_PORT'], { value: '8080', source: 'default' })
  for (const name of Object.keys(rows)) assert.ok(text.stdout.includes(name), name)
})

test('an unknown setting or a wrong value stops the start with a sentence that names it', async () => {
  assertSentence(
    await refused({ MARINA_PROT: '8080' }),
    'environment: MARINA_PROT is not a setting of Marina (did you mean MARINA_PORT?)',
  )
  assertSentence(await refused({ MARINA_PORT: 'http' }), /^environment: MARINA_PORT must be .* \(it is "http"\)$/)
  assertSentence(
    await refused({ MARINA_STORAGE: 'tape' }),
    /^environment: MARINA_STORAGE must be .*filesystem.* \(it is "tape"\)$/,
  )
  assertSentence(await refused({ MARINA_STORAGE: 's3' }), 'MARINA_STORAGE=s3 needs MARINA_S3_BUCKET')
  assertSentence(await refused({ MARINA_TLS_CERT: '/cert.pem' }), /^MARINA_TLS_CERT and MARINA_TLS_KEY go together/)
})

test('a configuration file that cannot be read, or has an unknown setting, is named with the line', async () => {
  const file = path.join(top.dir, 'wrong.yaml')
  assertSentence(await refused({ MARINA_CONFIG: file }), /^.*wrong\.yaml cannot be read: .*no such file/)
  await writeFile(file, 'port: [8080\n')
  assertSentence(await refused({ MARINA_CONFIG: file }), /^.*wrong\.yaml: .*line \d/)
  await writeFile(file, 'host: 127.0.0.1\nprot: 8080\n')
  assertSentence(
    await refused({ MARINA_CONFIG: file }),
    `${file}:2: prot is not a setting of Marina (did you mean port?)`,
  )
})

test('a missing or malformed certificate is named, and nothing is left running', async () => {
  const [missing, empty] = [path.join(top.dir, 'missing.pem'), path.join(top.dir, 'empty.pem')]
  await writeFile(empty, 'not a certificate\n')
  assertSentence(
    await refused({ MARINA_TLS_CERT: missing, MARINA_TLS_KEY: missing }),
    /^.*missing\.pem .*MARINA_TLS_CERT.* cannot be read: .*no such file/,
  )
  assertSentence(await refused({ MARINA_TLS_CERT: empty, MARINA_TLS_KEY: empty }), /MARINA_TLS_CERT/)
})

test('a command whose reader leaves early ends without a stack trace', async () => {
  const { code, stdout, stderr } = await end(
    ['bash', '-c', `set -o pipefail; "$0" "$1" config | true`, process.execPath, path.join(root, 'server/main.ts')],
    { cwd: top.dir, env: {} },
  )
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '', stderr: '' })
})

test('a certificate with the key of another one is named', async () => {
  const [one, other] = await Promise.all(['one', 'other'].map((name) => selfSigned(path.join(top.dir, name))))
  assertSentence(
    await refused({ MARINA_TLS_CERT: one!.cert, MARINA_TLS_KEY: other!.key }),
    /MARINA_TLS_CERT.*MARINA_TLS_KEY.*key values mismatch/,
  )
})

test('a port in use by another program is named with its setting, and nothing is left running', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const port = String((taken.address() as AddressInfo).port)
  try {
    assertSentence(
      await refused({ MARINA_PORT: port }),
      `port ${port} on 127.0.0.1 is in use by another program: end that, or set MARINA_PORT`,
    )
    assertSentence(
      await refused({ MARINA_METRICS_PORT: port }),
      `port ${port} on 127.0.0.1 is in use by another program: end that, or set MARINA_METRICS_PORT`,
    )
    assertSentence(
      await refused({ MARINA_HOST: '192.0.2.1' }),
      '192.0.2.1 is no address of this machine: set MARINA_HOST',
    )
  } finally {
    taken.close()
  }
})

test('an unreachable database is named without its password', async () => {
  const { code, stderr } = await refused({
    MARINA_DATABASE_URL: 'postgres://me:db-secret@127.0.0.1:1/marina',
    MARINA_DATABASE_START_WAIT: '0s',
  })
  assert.equal(code, 1)
  assert.match(stderr, /^marina: .*127\.0\.0\.1:1/m)
  assert.doesNotMatch(stderr, /db-secret|\n {4}at /)
})

test('TLS: clients that trust the certificate push and pull, others are refused', async () => {
  const certs = path.join(top.dir, 'certs')
  const { cert, key } = await selfSigned(certs)
  await using folder = await makeFolder()
  await using secure = await startMarina({ dataDir: folder.dir, env: { MARINA_TLS_CERT: cert, MARINA_TLS_KEY: key } })
  assert.match(secure.url, /^https:/)
  assert.doesNotMatch(secure.stdout(), /tls-verify=false/)
  const target = `docker://${secure.host}/library/small:1`
  const push = ['skopeo', 'copy', '--dest-creds', `admin:${secure.password}`, image.source, target]
  const refusal = await end(push)
  assert.match(refusal.stderr, /x509|certificate/)
  await run([...push.slice(0, 2), '--dest-cert-dir', certs, ...push.slice(2)])
  await run(['skopeo', 'copy', '--src-cert-dir', certs, target, `dir:${path.join(folder.dir, 'pulled')}`])
  await secure.stop()
})

test('beside a running Marina reset-password and fsck work, and keys rotate cuts nobody off', async () => {
  const reset = await runMarina(['admin', 'reset-password'], { env: { MARINA_DATA_DIR: dataDir } })
  assert.equal(reset.code, 0, reset.stderr)
  const [old, fresh] = [password, /^the password of admin is now (\S+)\n$/.exec(reset.stdout)![1]!]
  await ask(`${marina.url}/v2/`, 401, { headers: basic(old) })
  await ask(`${marina.url}/v2/`, 200, { headers: basic(fresh) })
  password = fresh

  const before = await tokenOf(marina, password)
  const rotated = await runMarina(['keys', 'rotate'], { env: { MARINA_DATA_DIR: dataDir } })
  assert.equal(rotated.code, 0, rotated.stderr)
  const id = /^new signing key (\S+); /.exec(rotated.stdout)![1]!
  await ask(`${marina.url}/v2/library/small/manifests/1`, 200, { headers: { authorization: `Bearer ${before}` } })
  assert.notEqual(keyOf(before), id)
  await ask(`${marina.url}/v2/library/small/manifests/1`, 200, {
    headers: { authorization: `Bearer ${await untilSignedBy(id)}` },
  })

  assertInOrder(await runMarina(['fsck', '--digests'], { env: { MARINA_DATA_DIR: dataDir } }))
  const kept = await ask(`${marina.url}/api/v2.0/systeminfo/storage-check`, 200, { headers: basic(password) })
  const { last } = kept.json as { last: Record<string, unknown> }
  assert.deepEqual([last['digests'], last['losses'], last['leftovers']], [true, 0, 0])
})

test('without a running Marina the same commands start PostgreSQL and leave nothing running', async () => {
  await marina.stop()
  assertInOrder(await runMarina(['fsck', '--digests'], { env: { MARINA_DATA_DIR: dataDir } }))
  const rotated = await runMarina(['keys', 'rotate'], { env: { MARINA_DATA_DIR: dataDir } })
  assert.match(rotated.stdout, /^new signing key /)
  const reset = await runMarina(['admin', 'reset-password'], { env: { MARINA_DATA_DIR: dataDir } })
  const fresh = /^the password of admin is now (\S+)\n$/.exec(reset.stdout)![1]!
  assert.equal(
    (await runMarina(['migrate'], { env: { MARINA_DATA_DIR: dataDir } })).stdout,
    'the database schema is up to date\n',
  )
  assert.deepEqual(processesIn(dataDir), [])
  marina = await startMarina({ dataDir })
  await ask(`${marina.url}/v2/`, 401, { headers: basic(password) })
  await ask(`${marina.url}/v2/`, 200, { headers: basic(fresh) })
})

test('fsck names lost bytes on stdout and by exit code 1, and names leftovers', async () => {
  await marina.stop()
  const { layers } = JSON.parse(String(await image.layout.read(image.manifest.digest))) as {
    layers: { digest: string }[]
  }
  const lost = layers[0]!.digest
  await rm(blobFolder(lost), { recursive: true })
  const left = blobFolder(digestOf('left'))
  await mkdir(left, { recursive: true })
  await writeFile(path.join(left, 'data'), 'left')
  const { code, stdout } = await runMarina(['fsck'], { env: { MARINA_DATA_DIR: dataDir } })
  assert.equal(code, 1)
  assert.match(stdout, new RegExp(`^loss: .*${lost}`, 'm'))
  assert.match(stdout, new RegExp(digestOf('left')))
  assert.match(stdout, /1 lost, 1 left over\n$/)
})

test('a command in a folder without a Marina says so and creates nothing', async () => {
  await using empty = await makeFolder()
  for (const words of [['fsck'], ['keys', 'rotate'], ['admin', 'reset-password']]) {
    assertSentence(
      await runMarina(words, { env: { MARINA_DATA_DIR: empty.dir } }),
      `${empty.dir} holds no Marina yet: start it once, or set MARINA_DATA_DIR`,
    )
  }
  assert.deepEqual(await readdir(empty.dir), [])
})

/** Starts Marina with wrong settings in a folder of its own; nothing may be left running there. */
async function refused(env: NodeJS.ProcessEnv): Promise<Ended> {
  const folder = path.join(top.dir, 'refused')
  await mkdir(folder, { recursive: true })
  const ended = await runMarina(['serve'], {
    cwd: folder,
    env: {
      MARINA_DATA_DIR: folder,
      MARINA_HOST: '127.0.0.1',
      MARINA_PORT: '0',
      MARINA_METRICS_PORT: '0',
      MARINA_LOG_LEVEL: 'warn',
      ...env,
    },
  })
  assert.deepEqual(processesIn(folder), [])
  return ended
}

/** Makes a certificate in a folder as clients expect it (`ca.crt`). The key is put beside the folder. */
async function selfSigned(dir: string): Promise<{ cert: string; key: string }> {
  const [cert, key] = [path.join(dir, 'ca.crt'), `${dir}.key`]
  await mkdir(dir)
  await run([
    'openssl',
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=marina',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-keyout',
    key,
    '-out',
    cert,
  ])
  return { cert, key }
}

function assertSentence({ code, stdout, stderr }: Ended, sentence: string | RegExp): void {
  assert.deepEqual({ code, stdout }, { code: 1, stdout: '' }, stderr)
  // On a busy machine a warning may come first.
  const [line = '', ...rest] = stderr.split('\n').filter((one) => !one.startsWith('{"level":"warn"'))
  assert.deepEqual(rest, [''], `one line, not:\n${stderr}`)
  assert.ok(line.startsWith('marina: '), line)
  if (typeof sentence === 'string') assert.equal(line.slice(8), sentence)
  else assert.match(line.slice(8), sentence)
}

function assertInOrder({ code, stdout, stderr }: Ended): void {
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^1 artifacts, 1 tags, 2 blobs with \d+ bytes read and compared: 0 lost, 0 left over\n$/)
}

async function tokenOf({ url }: Marina, secret: string): Promise<string> {
  const { json } = await ask(`${url}/service/token?service=harbor-registry&scope=repository:library/small:pull`, 200, {
    headers: basic(secret),
  })
  return (json as { token: string }).token
}

/** Waits until a running Marina signs with the new key, which takes some seconds (docs/operate/scale.md). */
async function untilSignedBy(id: string): Promise<string> {
  const limit = performance.now() + 60_000
  for (;;) {
    const token = await tokenOf(marina, password)
    if (keyOf(token) === id) return token
    assert.ok(performance.now() < limit, 'the new key is not used')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function keyOf(token: string): string {
  return (JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as { kid: string }).kid
}

function blobFolder(digest: string): string {
  const hex = digest.slice(7)
  return path.join(dataDir, 'storage/docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex)
}

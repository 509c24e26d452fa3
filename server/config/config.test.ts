import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError, describeConfig, settings } from './config.ts'
import { loadConfig } from './file.ts'

async function withFile(text: string, work: (path: string) => void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'marina-config-'))
  try {
    await writeFile(join(folder, 'marina.yaml'), text)
    work(join(folder, 'marina.yaml'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Asserts that the settings are refused by one sentence on one line that names what is wrong. */
function refuses(env: Record<string, string>, why: RegExp, file?: string) {
  assert.throws(
    () => loadConfig(env, file),
    (error) => {
      assert.ok(error instanceof ConfigError)
      assert.match(error.message, why)
      assert.doesNotMatch(error.message, /\n/)
      return true
    },
  )
}

test('without any setting every default holds', () => {
  const { config, file } = loadConfig({}, undefined)
  assert.equal(file, undefined)
  assert.deepEqual(
    [
      config.server.port,
      config.server.host,
      config.storage.driver,
      config.limits.manifestBytes,
      config.limits.uploadTtlMs,
      config.limits.tokenTtlMs,
    ],
    [8080, '0.0.0.0', 'filesystem', 4 * 2 ** 20, 168 * 3_600_000, 30 * 60_000],
  )
  assert.ok(config.storage.root?.endsWith('/data/storage'))
})

test('the environment wins over the file, and the file over the default', () =>
  withFile(
    'port: 1111\nhost: 127.0.0.1\nlimits:\n  upload_ttl: 2h\ntrusted_proxies:\n  - 10.0.0.0/8\n  - "::1"\n',
    (file) => {
      const { config, written } = loadConfig({ MARINA_PORT: '2222' }, file)
      assert.deepEqual(
        [config.server.port, config.server.host, config.limits.uploadTtlMs, config.server.trustedProxies],
        [2222, '127.0.0.1', 7_200_000, ['10.0.0.0/8', '::1']],
      )
      assert.deepEqual([written.MARINA_PORT?.source, written.MARINA_HOST?.source], ['environment', `${file}:2`])
    },
  ))

test('an empty variable is a setting that was not made', () =>
  withFile('port: 1111\n', (file) => assert.equal(loadConfig({ MARINA_PORT: '' }, file).config.server.port, 1111)))

test('the proxies of HTTPS_PROXY, HTTP_PROXY and NO_PROXY are used, in either case, unless Marina has its own', () =>
  withFile('outbound:\n  no_proxy: file.example\n', (file) => {
    const env = { HTTPS_PROXY: 'http://a:pass@proxy.example:1/', http_proxy: 'proxy.example:2', NO_PROXY: '10.0.0.0/8' }
    const { outbound } = loadConfig(env, undefined).config
    assert.deepEqual(
      [outbound.httpsProxy, outbound.httpProxy, outbound.noProxy],
      ['http://a:pass@proxy.example:1', 'http://proxy.example:2', '10.0.0.0/8'],
    )
    const own = loadConfig({ ...env, MARINA_HTTPS_PROXY: 'https://own.example' }, file).config.outbound
    assert.deepEqual([own.httpsProxy, own.noProxy], ['https://own.example', 'file.example'])
    assert.equal(loadConfig({ HTTPS_PROXY: ' ' }).config.outbound.httpsProxy, undefined)
    refuses({ MARINA_HTTP_PROXY: 'socks5://a' }, /MARINA_HTTP_PROXY must be the URL of a proxy/)
  }))

test('MARINA_CONFIG names the file', () =>
  withFile('port: 1111\n', (file) => assert.equal(loadConfig({ MARINA_CONFIG: file }).config.server.port, 1111)))

test('an unknown variable is named, with the variable that was likely meant', () => {
  refuses({ MARINA_PROT: '1' }, /MARINA_PROT is not a setting of Marina \(did you mean MARINA_PORT\?\)/)
  refuses(
    { MARINA_SOMETHING_ELSE: '1' },
    /MARINA_SOMETHING_ELSE is not a setting of Marina; marina config lists them all/,
  )
})

test('an unknown key in the file is named with its line', async () => {
  await withFile('port: 1\nhots: x\n', (file) =>
    refuses({}, /marina\.yaml:2: hots is not a setting of Marina \(did you mean host\?\)/, file),
  )
  await withFile('limits:\n  drain: 1s\n  nonsense: 1\n', (file) =>
    refuses({}, /marina\.yaml:3: limits\.nonsense is not a setting/, file),
  )
  await withFile('port:\n  deeper: 1\n', (file) => refuses({}, /marina\.yaml:1: must be a single value/, file))
})

test('a file that does not hold settings is refused in one sentence', async () => {
  await withFile('- a\n- b\n', (file) => refuses({}, /must hold settings as key: value/, file))
  await withFile('port: 1\nport: 2\n', (file) => refuses({}, /marina\.yaml: .*unique/, file))
  await withFile('port: [1\n', (file) => refuses({}, /marina\.yaml: /, file))
  refuses({}, /cannot be read/, '/does/not/exist.yaml')
  await withFile('', (file) => assert.equal(loadConfig({}, file).config.server.port, 8080))
})

test('a wrong value is refused, with its place and what is allowed', async () => {
  refuses({ MARINA_PORT: '70000' }, /environment: MARINA_PORT must be a whole number from 0 to 65535 \(it is "70000"\)/)
  refuses({ MARINA_PORT: '8080x' }, /MARINA_PORT/)
  refuses({ MARINA_STORAGE: 'ftp' }, /MARINA_STORAGE must be filesystem or s3/)
  refuses({ MARINA_EXTERNAL_URL: 'registry.example.org' }, /MARINA_EXTERNAL_URL must be a URL/)
  refuses({ MARINA_EXTERNAL_URL: 'javascript:alert(1)' }, /MARINA_EXTERNAL_URL/)
  refuses({ MARINA_DATABASE_URL: 'mysql://x' }, /MARINA_DATABASE_URL must be a URL that starts with postgres/)
  refuses({ MARINA_TRUSTED_PROXIES: '10.0.0.0/33' }, /MARINA_TRUSTED_PROXIES/)
  refuses({ MARINA_TRUSTED_PROXIES: '*' }, /MARINA_TRUSTED_PROXIES/)
  refuses({ MARINA_MANIFEST_BYTES: '1MiB' }, /MARINA_MANIFEST_BYTES must be a size such as 4MiB, from 4MiB/)
  await withFile('limits:\n  drain: 30\n', (file) => refuses({}, /marina\.yaml:2: MARINA_DRAIN must be a time/, file))
})

test('settings that go together are checked together', () => {
  refuses({ MARINA_TLS_CERT: '/a' }, /MARINA_TLS_CERT and MARINA_TLS_KEY go together/)
  refuses({ MARINA_STORAGE: 's3' }, /MARINA_STORAGE=s3 needs MARINA_S3_BUCKET/)
  refuses({ MARINA_SECRET_KEY: 'short' }, /MARINA_SECRET_KEY must be 64 hex digits/)
  refuses({ MARINA_ADMIN_PASSWORD: 'x'.repeat(129) }, /MARINA_ADMIN_PASSWORD/)
})

test('a secret is never shown, neither when it is right nor when it is wrong', () => {
  const canary = 'CANARY-1234'
  const env = Object.fromEntries(settings.filter((row) => 'secret' in row).map(({ env: name }) => [name, canary]))
  assert.ok(Object.keys(env).length >= 6)
  for (const [name, text] of [...Object.entries(env), ['MARINA_DATABASE_URL', `mysql://u:${canary}@h/d`]] as const) {
    try {
      loadConfig({ [name]: text })
    } catch (error) {
      assert.doesNotMatch((error as Error).message, /CANARY/)
    }
  }
  const { config, written } = loadConfig({
    MARINA_ADMIN_PASSWORD: canary,
    MARINA_DATABASE_URL: `postgres://u:${canary}@h/d`,
    MARINA_REDIS_URL: `redis://:${canary}@h`,
    MARINA_SECRET_KEY: 'cd'.repeat(32),
  })
  const rows = describeConfig(config, written)
  assert.equal(rows.length, settings.length)
  assert.doesNotMatch(JSON.stringify(rows), /CANARY|cdcdcd/)
  assert.equal(rows.find(({ env: name }) => name === 'MARINA_ADMIN_PASSWORD')?.value, '(set)')
})

test('the settings in force, read back as they are printed, are the same', () => {
  const { config } = loadConfig({})
  const shown = describeConfig(config, {}).filter(
    ({ value }) => value !== '(none)' && value !== '' && value !== '(set)',
  )
  const again = loadConfig(Object.fromEntries(shown.map(({ env, value }) => [env, value]))).config
  assert.deepEqual(again, config)
})

import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError } from './config.ts'
import { openSecrets, secretsOf } from './secrets.ts'

const own = secretsOf(Buffer.alloc(32, 1))

test('a sealed text can be unsealed, and is sealed differently each time', () => {
  for (const text of ['', 'secret', 'ü\0\u{1F600}', 'x'.repeat(100_000)])
    assert.equal(own.unseal(own.seal(text, 'here'), 'here'), text)
  assert.notEqual(own.seal('secret', 'here'), own.seal('secret', 'here'))
  assert.doesNotMatch(own.seal('secret', 'here'), /secret/)
})

test('C-27: a wrong key, another purpose or an altered value is a ConfigError that names the key', () => {
  const sealed = own.seal('secret', 'here')
  const altered = sealed.slice(0, -2) + (sealed.endsWith('AA') ? 'BB' : 'AA')
  for (const work of [
    () => secretsOf(Buffer.alloc(32, 2)).unseal(sealed, 'here'),
    () => own.unseal(sealed, 'there'),
    () => own.unseal(altered, 'here'),
    () => own.unseal('v1.', 'here'),
    () => own.unseal('', 'here'),
  ]) {
    assert.throws(work, (error) => error instanceof ConfigError && /MARINA_SECRET_KEY/.test(error.message))
  }
})

test('the mark differs from key to key, and is the same for the same key', () => {
  assert.notEqual(own.mark, secretsOf(Buffer.alloc(32, 2)).mark)
  assert.equal(own.mark, secretsOf(Buffer.alloc(32, 1)).mark)
  assert.equal(own.mark.length, 16)
})

test('first starts at the same time make one key, readable by the owner alone', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'marina-secrets-'))
  try {
    const all = await Promise.all(
      Array.from({ length: 8 }, () => openSecrets({ dataDir: join(dataDir, 'new'), secretKey: undefined })),
    )
    assert.equal(new Set(all.map(({ mark }) => mark)).size, 1)
    const path = join(dataDir, 'new', 'secret.key')
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.match(await readFile(path, 'utf8'), /^[0-9a-f]{64}\n$/)
    assert.deepEqual(await readdir(join(dataDir, 'new')), ['secret.key'])
  } finally {
    await rm(dataDir, { recursive: true })
  }
})

test('a key file that holds no key is refused and left as it is', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'marina-secrets-'))
  try {
    for (const text of ['', 'short', 'g'.repeat(64)]) {
      await writeFile(join(dataDir, 'secret.key'), text)
      await assert.rejects(
        openSecrets({ dataDir, secretKey: undefined }),
        (error) => error instanceof ConfigError && /secret\.key does not hold a key/.test(error.message),
      )
      assert.equal(await readFile(join(dataDir, 'secret.key'), 'utf8'), text)
    }
  } finally {
    await rm(dataDir, { recursive: true })
  }
})

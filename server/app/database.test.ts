import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { makeCertificate } from '../testing/certificate.ts'
import { givenProject, pushImage } from '../testing/given.ts'
import { eventually, expectAnswer } from '../testing/http.ts'
import { openPgBouncer } from '../testing/pgbouncer.ts'
import { freePort } from '../testing/ports.ts'
import { openOldestServer } from '../testing/postgres-server.ts'
import { openTestDatabase } from '../testing/postgres.ts'
import { openTestMarina } from '../testing/server.ts'

test('behind PgBouncer in session mode pushes, lists and events work', async () => {
  await using database = await openTestDatabase()
  await using bouncer = await openPgBouncer(database.url, 'session')
  await using marina = await openTestMarina({ MARINA_DATABASE_URL: bouncer.url })
  const { name } = await givenProject(marina)
  await Promise.all(Array.from({ length: 6 }, (_, index) => pushImage(marina, `${name}/app${index}`, { tag: 'v1' })))
  const path = `/api/v2.0/projects/${name}/repositories`
  const lists = await Promise.all(Array.from({ length: 20 }, () => marina.ask('GET', path, { as: marina.admin })))
  for (const list of lists) assert.equal((expectAnswer(list, 200).json() as []).length, 6)
  await eventually(async () => {
    const { text } = await marina.ask('GET', `/api/v2.0/projects/${name}/auditlog-exts?page_size=100`, {
      as: marina.admin,
    })
    assert.match(text, /app5:v1/)
  })
})

test('behind PgBouncer in transaction mode the start is refused with a sentence', async () => {
  await using database = await openTestDatabase()
  await using bouncer = await openPgBouncer(database.url, 'transaction')
  await assert.rejects(openTestMarina({ MARINA_DATABASE_URL: bouncer.url }), /pool_mode = session/)
})

test('the modes of sslmode mean what they mean to libpq', async () => {
  const { key, cert } = await makeCertificate()
  const port = await freePort()
  let authority = ''
  await using _server = await openOldestServer({
    async prepare(dir) {
      authority = path.join(dir, 'cert.pem')
      await writeFile(path.join(dir, 'key.pem'), key, { mode: 0o600 })
      await writeFile(authority, cert)
    },
    settings: (dir) => ({
      ssl: 'on',
      ssl_cert_file: path.join(dir, 'cert.pem'),
      ssl_key_file: path.join(dir, 'key.pem'),
      listen_addresses: '127.0.0.1',
      port: String(port),
    }),
  })
  const at = (query: string) => `postgresql://marina@127.0.0.1:${port}/postgres?${query}`
  const start = async (query: string) => {
    await using _marina = await openTestMarina({ MARINA_DATABASE_URL: at(query) })
  }
  await start('sslmode=require')
  await start(`sslmode=verify-full&sslrootcert=${authority}`)
  await start(`sslmode=verify-ca&sslrootcert=${authority}`)
  await assert.rejects(start('sslmode=verify-full'), /sslrootcert=<file>.*or encrypt without that check/)
  await assert.rejects(start('sslmode=verify-ca'), /needs sslrootcert=<file>/)
  await assert.rejects(start('sslmode=always'), /it is one of disable, /)
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { createServer } from 'node:tls'
import { makeCertificate } from '../../testing/certificate.ts'
import { people, person } from '../../testing/directory.ts'
import { expectAnswer } from '../../testing/http.ts'
import { openLdapScene } from './scene.suite.ts'

const certificate = await makeCertificate()
const dir = await mkdtemp(join(tmpdir(), 'ldap-ca-'))
const ca = join(dir, 'ca.pem')
await writeFile(ca, certificate.cert)
after(() => rm(dir, { recursive: true }))

type Scene = Awaited<ReturnType<typeof openLdapScene>>
const pinged = async ({ api, marina }: Scene, body: object) =>
  expectAnswer(await api('POST', '/ldap/ping', { as: marina.admin, body }), 200).json() as {
    success?: boolean
    message?: string
  }

const encrypted = await openLdapScene({ MARINA_LDAP_START_TLS: 'true', MARINA_LDAP_CA: ca }, certificate)

const open = await openLdapScene({ MARINA_LDAP_START_TLS: 'true' })
const plain = await openLdapScene({ MARINA_LDAP_CA: ca })
const front = createServer(certificate, (near) => {
  const far = connect(plain.directory.port, '127.0.0.1')
  near.on('error', () => far.destroy()).pipe(far)
  far.on('error', () => near.destroy()).pipe(near)
}).listen(0, '127.0.0.1')
front.on('tlsClientError', () => {})
await once(front, 'listening')
after(() => front.close())

suite('StartTLS', () => {
  const scene = encrypted

  test('encrypts before anything is sent, with a certificate of an authority of our own', async () => {
    await scene.directory.add(`uid=alice,${people}`, person('alice'))
    assert.deepEqual(await pinged(scene, {}), { success: true })
    expectAnswer(await scene.api('GET', '/users/current', { as: scene.of('alice') }), 200)
  })

  test('refuses a certificate for another host', async () => {
    const url = scene.directory.items.ldap_url.replace('127.0.0.1', 'localhost')
    const { message } = await pinged(scene, { ldap_url: url })
    assert.match(message ?? '', /its certificate is for another host/)
    assert.deepEqual(await pinged(scene, { ldap_url: url, ldap_verify_cert: false }), { success: true })
  })
})

suite('StartTLS at a directory that has none', () => {
  const scene = open

  test('is an error: nothing is sent in the clear instead', async () => {
    assert.match((await pinged(scene, {})).message ?? '', /^error: /)
  })
})

suite('ldaps', () => {
  const scene = plain
  const url = () => `ldaps://127.0.0.1:${(front.address() as AddressInfo).port}`

  test('trusts the authority that is set, and only that one', async () => {
    assert.deepEqual(await pinged(scene, { ldap_url: url() }), { success: true })
    await writeFile(ca, (await makeCertificate()).cert)
    const { message } = await pinged(scene, { ldap_url: url() })
    assert.match(message ?? '', /its certificate is self-signed/)
    assert.deepEqual(await pinged(scene, { ldap_url: url(), ldap_verify_cert: false }), { success: true })
    await rm(ca)
    assert.match((await pinged(scene, { ldap_url: url() })).message ?? '', /MARINA_LDAP_CA cannot be read \(ENOENT\)/)
    await writeFile(ca, certificate.cert)
    assert.deepEqual(await pinged(scene, { ldap_url: url() }), { success: true })
  })
})

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { askSecurely, makeClient, makeRevocationList } from '../../../testing/client-certificates.ts'
import { givenUser } from '../../../testing/given.ts'
import { expectAnswer } from '../../../testing/http.ts'
import { openBeside, type TestMarina, type TestSettings } from '../../../testing/server.ts'
import type { Issued } from '../../../testing/signing.ts'
import { openCertificateScene } from './scene.suite.ts'

const { opened, file, own, authority, stranger, tls, plain } = await openCertificateScene()
const header = 'x-client-cert'
const behind = { MARINA_CLIENT_CA: tls.MARINA_CLIENT_CA, MARINA_CLIENT_CERT_HEADER: header }
const trusting = opened.use(await openBeside(plain, { ...behind, MARINA_TRUSTED_PROXIES: '127.0.0.0/8' }))

suite('behind a proxy', () => {
  const through = async (marina: TestMarina, value: string | undefined, path = '/api/v2.0/users/current') =>
    marina.ask('GET', path, value === undefined ? {} : { headers: { [header]: value } })
  const pem = ({ certificate }: Issued) => encodeURIComponent(certificate.toString())
  const der = ({ certificate }: Issued) => certificate.raw.toString('base64')

  test('the certificate comes in a header, in each of the forms that proxies send', async () => {
    const person = await givenUser(plain)
    const client = await makeClient(authority, { subject: `/CN=${person.name}` })
    const envoy = `Hash=00;Cert="${pem(client)}";Subject="CN=x"`
    for (const value of [pem(client), der(client), encodeURIComponent(der(client)), `:${der(client)}:`, envoy]) {
      const answer = expectAnswer(await through(trusting, value), 200)
      assert.equal((answer.json() as { username: string }).username, person.name)
    }
    expectAnswer(await through(trusting, ''), 401, 'UNAUTHORIZED')
    expectAnswer(await through(trusting, undefined, '/api/v2.0/systeminfo'), 200)
  })

  test('a header that a client invents counts nothing, over plain HTTP and over TLS', async () => {
    const forged = await makeClient(authority, { subject: '/CN=admin' })
    const distrusting = opened.use(await openBeside(plain, { ...behind, MARINA_TRUSTED_PROXIES: '192.0.2.1' }))
    for (const value of [pem(forged), der(forged), 'nonsense']) {
      expectAnswer(await through(distrusting, value), 401, 'UNAUTHORIZED')
      expectAnswer(await through(distrusting, value, '/v2/'), 401, 'UNAUTHORIZED')
      expectAnswer(await through(distrusting, value, '/api/v2.0/systeminfo'), 200)
      expectAnswer(await through(plain, value), 401, 'UNAUTHORIZED')
    }
    const person = await givenUser(plain)
    const client = await makeClient(authority, { subject: `/CN=${person.name}` })
    const secure = opened.use(await openBeside(plain, { ...tls, ...behind, MARINA_TRUSTED_PROXIES: '192.0.2.1' }))
    const to = { port: secure.port, ca: own.cert }
    const both = { client, headers: { [header]: pem(forged) } }
    const { text } = await askSecurely(to, 'GET', '/api/v2.0/users/current', both)
    assert.equal((JSON.parse(text) as { username: string }).username, person.name)
  })

  test('it is checked again: issuer, time, use and form; two certificates are none', async () => {
    const { name } = await givenUser(plain)
    const subject = `/CN=${name}`
    const good = await makeClient(authority, { subject })
    const wrong: [string, RegExp][] = [
      [pem(await makeClient(stranger, { subject })), /no authority that is trusted here/],
      [
        pem(await makeClient(authority, { subject, from: '20200101000000Z', to: '20200102000000Z' })),
        /expired on 2020/,
      ],
      [pem(await makeClient(authority, { subject, usage: 'serverAuth' })), /is not for clients/],
      [pem(authority), /is that of an authority/],
      ['nonsense', /holds no certificate/],
      ['%', /holds no certificate/],
      [`${der(good)},${der(good)}`, /more than one/],
      [encodeURIComponent(`${good.certificate.toString()}${good.certificate.toString()}`), /more than one/],
    ]
    for (const [value, why] of wrong) {
      const answer = expectAnswer(await through(trusting, value), 401, 'UNAUTHORIZED')
      assert.match(answer.text, why)
      assert.match(expectAnswer(await through(trusting, value, '/v2/'), 401, 'UNAUTHORIZED').text, why)
    }
  })

  test('the certificate of the proxy itself is not that of its client', async () => {
    const proxy = await makeClient(authority, { subject: '/CN=admin' })
    const person = await givenUser(plain)
    const client = await makeClient(authority, { subject: `/CN=${person.name}` })
    await using both = await openBeside(plain, { ...tls, ...behind, MARINA_TRUSTED_PROXIES: '127.0.0.0/8' })
    const to = { port: both.port, ca: own.cert }
    const path = '/api/v2.0/users/current'
    assert.equal((await askSecurely(to, 'GET', path, { client: proxy })).status, 401)
    const { text } = await askSecurely(to, 'GET', path, { client: proxy, headers: { [header]: pem(client) } })
    assert.equal((JSON.parse(text) as { username: string }).username, person.name)
  })
})

test('settings that cannot be used stop the start with a sentence that names them', async () => {
  const wrong: [TestSettings, RegExp][] = [
    [{ ...tls, MARINA_CLIENT_CA: '/absent.pem' }, /MARINA_CLIENT_CA\) cannot be read/],
    [
      { ...tls, MARINA_CLIENT_CA: await file('no.pem', 'nonsense') },
      /MARINA_CLIENT_CA\) cannot be used: it holds no cert/,
    ],
    [
      { ...tls, MARINA_CLIENT_CA: await file('leaf.pem', (await makeClient(authority, {})).certificate.toString()) },
      /not that of an authority/,
    ],
    [
      { ...tls, MARINA_CLIENT_CRL: await file('no.crl', 'nonsense') },
      /MARINA_CLIENT_CRL\) cannot be used: it holds no rev/,
    ],
    [
      { ...tls, MARINA_CLIENT_CRL: await file('strange.crl', await makeRevocationList(stranger, [])) },
      /signed by no authority/,
    ],
    [{ ...tls, MARINA_CLIENT_CERT_RULES: 'cn:*' }, /MARINA_CLIENT_CERT_RULES cannot be used: "cn:\*" is no rule/],
    [{ ...tls, MARINA_CLIENT_CERT_RULES: 'cn:x => user:*' }, /the name may have one \*/],
    [{ MARINA_CLIENT_CRL: '/absent.pem' }, /MARINA_CLIENT_CRL needs MARINA_CLIENT_CA/],
    [{ MARINA_CLIENT_CA: tls.MARINA_CLIENT_CA }, /needs MARINA_TLS_CERT, or MARINA_CLIENT_CERT_HEADER/],
    [{ ...tls, MARINA_CLIENT_CERT_HEADER: 'x-cert' }, /needs MARINA_TRUSTED_PROXIES/],
  ]
  for (const [settings, message] of wrong)
    await assert.rejects(async () => openBeside(plain, settings), { name: 'ConfigError', message })
})

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Static } from 'typebox'
import type { CheckedCertificate, ClientCertificates } from '../../../../api/client-certificates.ts'
import { callApi } from '../../../testing/api.ts'
import { askSecurely, makeClient, makeRevocationList } from '../../../testing/client-certificates.ts'
import { fresh, givenUser } from '../../../testing/given.ts'
import { basic, expectAnswer } from '../../../testing/http.ts'
import { openBeside } from '../../../testing/server.ts'
import { openCertificateScene } from './scene.suite.ts'

const { opened, file, own, authority, stranger, tls, plain } = await openCertificateScene()
const revoked = await makeClient(authority, { subject: '/CN=gone' })
const secured = opened.use(
  await openBeside(plain, {
    ...tls,
    MARINA_CLIENT_CRL: await file('crl.pem', await makeRevocationList(authority, [revoked.certificate])),
    MARINA_CLIENT_CERT_RULES: 'email:*@example.com => user:*; cn:* => user:*',
  }),
)
const path = '/api/v2.0/system/client-certificates'

async function check(certificate: string) {
  const headers = { 'authorization': basic(plain.admin), 'content-type': 'application/json' }
  const to = { port: secured.port, ca: own.cert }
  const body = JSON.stringify({ certificate })
  const { status, text } = await askSecurely(to, 'POST', `${path}/check`, { headers, body })
  return { status, text, found: JSON.parse(text) as Static<typeof CheckedCertificate> }
}

suite('administrators see how certificates identify callers', () => {
  test('authorities, rules and revocation lists are shown', async () => {
    const headers = { authorization: basic(plain.admin) }
    const { text } = await askSecurely({ port: secured.port, ca: own.cert }, 'GET', path, { headers })
    const { authorities, ...rest } = JSON.parse(text) as Static<typeof ClientCertificates>
    assert.deepEqual(rest, {
      enabled: true,
      rules: ['email:*@example.com => user:*', 'cn:* => user:*'],
      checks_revocation: true,
    })
    const [{ subject, revoked: count, next_update: next, valid_to: end } = assert.fail('no authority')] = authorities
    assert.deepEqual([authorities.length, subject, count], [1, 'CN=Machines', 1])
    assert.ok(Date.parse(next!) > Date.now() && end === authority.certificate.validToDate.toISOString())
  })

  test('a certificate is checked: whose it is by which rule, or why it is not accepted', async () => {
    const person = await givenUser(plain)
    const client = await makeClient(authority, { subject: '/CN=other', names: `email:${person.name}@example.com` })
    const { found } = await check(`some text before it\n${client.certificate.toString()}`)
    assert.equal(found.accepted, true)
    assert.deepEqual(
      [found.subject, found.issuer, found.rule, found.entity_type, found.entity_name, found.problem],
      ['CN=other', 'CN=Machines', 'email:*@example.com => user:*', 'u', person.name, undefined],
    )
    assert.deepEqual([found.names.cn, found.names.email], [['other'], [`${person.name}@example.com`]])

    const nobody = fresh('nobody')
    const refusals: [Awaited<ReturnType<typeof makeClient>>, RegExp][] = [
      [await makeClient(stranger, { subject: `/CN=${person.name}` }), /signed by no authority that is trusted here/],
      [await makeClient(authority, { subject: `/CN=${nobody}` }), new RegExp(`user ${nobody}, which is not there`)],
      [revoked, /was revoked/],
      [await makeClient(authority, { subject: '/O=Example' }), /no rule says whose/],
    ]
    for (const [{ certificate }, why] of refusals) {
      const { found: refused } = await check(certificate.toString())
      assert.equal(refused.accepted, false)
      assert.match(refused.problem!, why)
    }
  })

  test('a text that is no certificate is refused in words, and without authorities nothing can be checked', async () => {
    for (const text of ['nonsense', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----']) {
      const { status, text: answer } = await check(text)
      assert.equal(status, 400)
      assert.match(answer, /certificate must be a certificate in PEM/)
    }
    const { status, text } = await check('')
    assert.deepEqual([status, /certificate must not be empty/.test(text)], [400, true])
    const as = plain.admin
    const off = expectAnswer(await callApi(plain, 'GET', '/system/client-certificates', { as }), 200)
    assert.deepEqual(off.json(), { enabled: false, authorities: [], rules: [], checks_revocation: false })
    const body = { certificate: revoked.certificate.toString() }
    expectAnswer(await callApi(plain, 'POST', '/system/client-certificates/check', { as, body }), 412, 'PRECONDITION')
  })
})

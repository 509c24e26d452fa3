import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { callApi, givenRobot } from '../../../testing/api.ts'
import { askSecurely, makeClient, makeRevocationList, type SecureAnswer } from '../../../testing/client-certificates.ts'
import { changeUser, fresh, givenMember, givenProject, givenUser, pushImage } from '../../../testing/given.ts'
import { basic, eventually, expectAnswer } from '../../../testing/http.ts'
import { openBeside } from '../../../testing/server.ts'
import type { Issued } from '../../../testing/signing.ts'
import { openCertificateScene } from './scene.suite.ts'

const { opened, file, own, authority, stranger, tls, plain } = await openCertificateScene()
const crl = await file('crl.pem', await makeRevocationList(authority, []))
const rules = [
  'spiffe:spiffe://example.org/ci/* => robot:robot$*',
  'email:*@example.com => user:*',
  'dns:*.people.example => user:*',
  'uri:urn:account:* => user:*',
  'cn:* => user:*',
]
const secured = opened.use(
  await openBeside(plain, {
    ...tls,
    MARINA_CLIENT_CRL: crl,
    MARINA_CLIENT_CRL_EVERY: '100ms',
    MARINA_CLIENT_CERT_RULES: rules.join('; '),
  }),
)
const { admin } = plain
const open = await givenProject(plain, { isPublic: true })
await pushImage(plain, `${open.name}/app`, { tag: 'v1' })

const ask = (
  method: string,
  path: string,
  client?: Issued,
  headers: Record<string, string> = {},
  body?: string | Buffer,
) =>
  askSecurely({ port: secured.port, ca: own.cert }, method, path, {
    headers,
    ...(client ? { client } : {}),
    ...(body === undefined ? {} : { body }),
  })
const whoami = async (client: Issued) => {
  const { status, text } = await ask('GET', '/api/v2.0/users/current', client)
  assert.equal(status, 200, text)
  return (JSON.parse(text) as { username: string }).username
}
const refused = ({ status, text }: SecureAnswer, why: RegExp) => {
  assert.equal(status, 401, text)
  assert.match(text, why)
}

suite('a certificate is an identity', () => {
  test('its common name, e-mail, host name or URI names the account, by the first rule that fits', async () => {
    const person = await givenUser(plain)
    const forms = [
      { subject: `/CN=${person.name}` },
      { subject: '/O=Example', names: `email:${person.name}@example.com` },
      { subject: '/CN=other', names: `DNS:a.example,DNS:${person.name.toUpperCase()}.people.example` },
      { subject: '/CN=other', names: `URI:urn:account:${person.name}` },
    ]
    // Host names are the same in capitals, names of accounts are not.
    const capitals = await givenUser(plain, person.name.toUpperCase())
    const found = await Promise.all(forms.map(async (wish) => whoami(await makeClient(authority, wish))))
    assert.deepEqual(found, [person.name, person.name, capitals.name, person.name])
  })

  test('on /v2 and at /service/token it needs no name and no password, for an account and for a robot', async () => {
    const project = await givenProject(plain)
    const developer = await givenMember(plain, project, 'developer')
    const access = [{ resource: 'repository', action: 'pull' }]
    const robot = await givenRobot(plain, fresh('ci'), { access, in: [project.name] })
    const image = await pushImage(plain, `${project.name}/app`, { tag: 'v1' })
    const person = await makeClient(authority, { subject: `/CN=${developer.name}` })
    const name = robot.name.slice('robot$'.length)
    const machine = await makeClient(authority, { subject: '/O=CI', names: `URI:spiffe://example.org/ci/${name}` })
    const manifest = `/v2/${project.name}/app/manifests/v1`
    const upload = `/v2/${project.name}/app/blobs/uploads/`
    assert.equal((await ask('GET', '/v2/')).status, 401)
    for (const client of [person, machine]) {
      assert.equal((await ask('GET', '/v2/', client)).status, 200)
      const pulled = await ask('GET', manifest, client)
      assert.deepEqual([pulled.status, pulled.headers['docker-content-digest']], [200, image.digest])
    }
    assert.equal((await ask('POST', upload, person)).status, 202)
    assert.equal((await ask('POST', upload, machine)).status, 401)
    const scope = `repository:${project.name}/app:pull,push`
    const asked = await ask('GET', `/service/token?service=harbor-registry&scope=${scope}`, machine)
    const { token } = JSON.parse(asked.text) as { token: string }
    const bearer = { authorization: `Bearer ${token}` }
    // The token is good without the certificate, and grants what the robot has: no push.
    assert.equal((await ask('GET', manifest, undefined, bearer)).status, 200)
    assert.equal((await ask('POST', upload, undefined, bearer)).status, 401)
  })

  test('it gives what the account has at each use, and cannot change the account or outlive itself', async () => {
    const person = await givenUser(plain)
    const client = await makeClient(authority, { subject: `/CN=${person.name}` })
    const json = { 'content-type': 'application/json' }
    const token = await ask('POST', '/api/v2.0/users/current/tokens', client, json, '{"name":"mine"}')
    assert.equal(token.status, 403, token.text)
    assert.match(token.text, /a certificate cannot do this/)
    const profile = await ask('PUT', `/api/v2.0/users/${person.id}`, client, json, '{"comment":"x"}')
    assert.equal(profile.status, 403, profile.text)
    assert.equal((await ask('GET', '/api/v2.0/users?page_size=1', client)).status, 403)
    const cross = { ...json, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    const project = JSON.stringify({ project_name: fresh('p') })
    assert.equal((await ask('POST', '/api/v2.0/projects', client, cross, project)).status, 403)
    assert.equal((await ask('POST', '/api/v2.0/projects', client, json, project)).status, 201)
    await changeUser(plain, person, { isDisabled: true })
    refused(await ask('GET', '/api/v2.0/users/current', client), /not there or is disabled/)
    refused(await ask('GET', '/v2/', client), /not there or is disabled/)
  })

  test('C-19: a name and a password count before it, and wrong ones are not made good by it', async () => {
    const [one, two] = [await givenUser(plain), await givenUser(plain)]
    const client = await makeClient(authority, { subject: `/CN=${one.name}` })
    const both = await ask('GET', '/api/v2.0/users/current', client, { authorization: basic(two) })
    assert.equal((JSON.parse(both.text) as { username: string }).username, two.name)
    const wrong = { authorization: basic({ ...two, password: 'Wrong12345' }) }
    for (const path of ['/api/v2.0/users/current', '/v2/'])
      assert.equal((await ask('GET', path, client, wrong)).status, 401)
    assert.equal((await ask('GET', '/v2/', client, { authorization: 'Bearer x' })).status, 401)
    const bad = await makeClient(stranger, { subject: `/CN=${one.name}` })
    assert.equal((await ask('GET', '/api/v2.0/users/current', bad, { authorization: basic(two) })).status, 200)
  })
})

suite('a certificate that is not good', () => {
  const everywhere = async (client: Issued, why: RegExp) => {
    const paths = ['/api/v2.0/users/current', '/api/v2.0/systeminfo', '/v2/', `/v2/${open.name}/app/tags/list`]
    for (const path of paths) refused(await ask('GET', path, client), why)
    const scope = `service=harbor-registry&scope=repository:${open.name}/app:pull`
    refused(await ask('GET', `/service/token?${scope}`, client), why)
  }

  test('is refused with its reason, and its caller does not become anonymous', async () => {
    const { name } = await givenUser(plain)
    const subject = `/CN=${name}`
    await everywhere(
      await makeClient(authority, { subject, from: '20200101000000Z', to: '20200102000000Z' }),
      /has expired/,
    )
    await everywhere(
      await makeClient(authority, { subject, from: '20990101000000Z', to: '20990102000000Z' }),
      /not valid yet/,
    )
    await everywhere(await makeClient(stranger, { subject }), /signed by no authority that is trusted here/)
    await everywhere(await makeClient(undefined, { subject }), /signed by no authority that is trusted here/)
    await everywhere(await makeClient(authority, { subject, usage: 'serverAuth' }), /is not for clients/)
    await everywhere(await makeClient(authority, { subject: '/O=No name' }), /no rule says whose/)
    await everywhere(await makeClient(authority, { subject: `/CN=${fresh('nobody')}` }), /which is not there/)
  })

  test('is none in a browser, where a person without an account still has to reach the page to sign in', async () => {
    const client = await makeClient(authority, { subject: `/CN=${fresh('nobody')}` })
    const browser = { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' }
    assert.equal((await ask('GET', '/api/v2.0/systeminfo', client, browser)).status, 200)
    assert.equal((await ask('GET', '/api/v2.0/users/current', client, browser)).status, 401)
  })

  test('is noted in the audit log and counted', async () => {
    const client = await makeClient(stranger, { subject: `/CN=${fresh('audited')}` })
    const before = await countOf('wrong')
    refused(await ask('GET', '/v2/', client), /no authority/)
    const [, name = ''] = /CN=(\S+)/.exec(client.certificate.subject) ?? []
    await eventually(async () => {
      const q = encodeURIComponent(`resource=CN=${name}`)
      const { text } = expectAnswer(await callApi(plain, 'GET', `/auditlog-exts?q=${q}`, { as: admin }), 200)
      assert.match(
        text,
        new RegExp(`refused certificate: CN=${name}: the client certificate is signed by no authority`),
      )
    })
    assert.equal(await countOf('wrong'), before + 1)
    assert.ok((await countOf('right')) > 0)
  })

  test('is refused from the moment on that a list revokes it, and a list that is too old accepts nothing', async () => {
    const [good, bad] = [await givenUser(plain), await givenUser(plain)]
    const [stays, goes] = [
      await makeClient(authority, { subject: `/CN=${good.name}` }),
      await makeClient(authority, { subject: `/CN=${bad.name}` }),
    ]
    assert.equal(await whoami(goes), bad.name)
    await file('crl.pem', await makeRevocationList(authority, [goes.certificate]))
    await eventually(async () => refused(await ask('GET', '/v2/', goes), /was revoked/))
    assert.equal(await whoami(stays), good.name)
    // A file that cannot be used changes nothing, and health tells of it.
    await file('crl.pem', await makeRevocationList(stranger, []))
    await eventually(async () => {
      const { text } = await ask('GET', '/api/v2.0/health', undefined, { authorization: basic(admin) })
      assert.match(text, /"name":"client certificates","status":"unhealthy"/)
    })
    refused(await ask('GET', '/v2/', goes), /was revoked/)
    await file('crl.pem', await makeRevocationList(authority, [], { next: '20200102000000Z' }))
    await eventually(async () =>
      refused(await ask('GET', '/v2/', stays), /the revocation list of its issuer has expired/),
    )
    await file('crl.pem', await makeRevocationList(authority, []))
    await eventually(async () => assert.equal(await whoami(goes), bad.name))
  })

  async function countOf(outcome: 'right' | 'wrong'): Promise<number> {
    const metric = secured.ground.metrics.registry.getSingleMetric('marina_logins_total')!
    const { values } = await metric.get()
    return (
      values.find(({ labels }) => labels['provider'] === 'certificate' && labels['outcome'] === outcome)?.value ?? 0
    )
  }
})

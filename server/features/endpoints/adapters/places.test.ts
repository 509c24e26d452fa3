import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { openLog } from '../../../platform/observe/log.ts'
import { openOutbound } from '../../../platform/outbound/outbound.ts'
import { noBudget, openRemote } from '../../../registry/remote/remote.ts'
import { openReceiver } from '../../../testing/receiver.ts'
import { reach } from '../open.ts'
import type { AdapterType } from './adapter.ts'
import { adapterTypes, findAdapter } from './adapters.ts'
import { wantedBy } from './wanted.ts'

const outbound = openOutbound({ allow: ['127.0.0.1'] })
after(() => outbound.close())
const log = openLog({ level: 'silent', format: 'json' })

/** Where an adapter looks for the registry and the API of its vendor; nothing is called. */
const located = (type: AdapterType, url: string) => {
  const address = {
    url,
    tokenServiceUrl: '',
    credentialType: 'basic',
    accessKey: 'key',
    accessSecret: 'secret',
  } as const
  const never = () => Promise.reject(new Error('it was called'))
  return findAdapter(type).locate!(address, { api: never, name: 'tried', machineRole: never })
}

suite('where a vendor has its registry and its API', () => {
  const table: [AdapterType, string, { url: string; api: string }][] = [
    ['docker-hub', 'https://hub.docker.com', { url: 'https://registry-1.docker.io', api: 'https://hub.docker.com' }],
    ['docker-hub', 'https://mirror.example', { url: 'https://mirror.example', api: 'https://mirror.example' }],
    ['github-ghcr', 'https://ghcr.io', { url: 'https://ghcr.io', api: 'https://api.github.com' }],
    [
      'google-gcr',
      'https://europe-west3-docker.pkg.dev',
      { url: 'https://europe-west3-docker.pkg.dev', api: 'https://artifactregistry.googleapis.com' },
    ],
    [
      'aws-ecr',
      'https://123456789012.dkr.ecr.eu-west-1.amazonaws.com',
      { url: 'https://123456789012.dkr.ecr.eu-west-1.amazonaws.com', api: 'https://api.ecr.eu-west-1.amazonaws.com' },
    ],
    [
      'aws-ecr',
      'https://123456789012.dkr.ecr-fips.us-east-1.amazonaws.com',
      {
        url: 'https://123456789012.dkr.ecr-fips.us-east-1.amazonaws.com',
        api: 'https://api.ecr-fips.us-east-1.amazonaws.com',
      },
    ],
    [
      'volcengine-cr',
      'https://main-cn-beijing.cr.volces.com',
      { url: 'https://main-cn-beijing.cr.volces.com', api: 'https://open.volcengineapi.com' },
    ],
    [
      'huawei-SWR',
      'https://swr.eu-west-101.myhuaweicloud.eu',
      { url: 'https://swr.eu-west-101.myhuaweicloud.eu', api: 'https://swr-api.eu-west-101.myhuaweicloud.eu' },
    ],
  ]
  for (const [type, url, wanted] of table)
    test(`${type} at ${url}`, async () => {
      const found = await located(type, url)
      const api = found.vendor?.url ?? found.facts?.['api'] ?? found.facts?.['url']
      assert.deepEqual({ url: found.url, api }, wanted)
    })
})

test('S3-36: every adapter says which resources it takes, and why it cannot delete a tag', () => {
  const reasons = adapterTypes.map((type) => findAdapter(type).info.cannotDeleteTags !== undefined && type)
  assert.deepEqual(reasons.filter(Boolean), ['docker-registry', 'github-ghcr'])
  for (const type of adapterTypes) assert.ok(findAdapter(type).info.resources.includes('image'))
  assert.throws(() => findAdapter('nope' as never), /there is no adapter nope/)
})

test('GitLab’s access token goes to the site of the registry alone, or to the one that was named', async () => {
  await using registry = await openReceiver()
  await using other = await openReceiver()
  const realm = other.url.replace('127.0.0.1', 'localhost')
  registry.answer(() => ({
    status: 401,
    headers: { 'www-authenticate': `Bearer realm="${realm}/jwt/auth",service="x"` },
  }))
  other.answer(() => ({ status: 200, headers: { 'content-type': 'application/json' }, body: '[]' }))
  const open = (tokenServiceUrl: string) =>
    reach(
      {
        openRemote: (endpoint, limits = {}) => openRemote({ outbound, endpoint, budget: noBudget, log, limits }),
        machineRole: () => Promise.reject(new Error('no role')),
      },
      {
        type: 'gitlab',
        name: 'tried',
        url: registry.url,
        tokenServiceUrl,
        credentialType: 'basic',
        accessKey: 'anna',
        accessSecret: 'glpat-1',
        isInsecure: false,
        caCertificate: '',
      },
    )
  await assert.rejects(open(''), /^RemoteFailed: tried: .*another site: name that URL in token_service_url/)
  assert.equal(other.received.length, 0)
  const opened = await open(`${other.url}/jwt/auth`)
  for await (const name of opened.repositories(wantedBy('team/**'))) assert.fail(name)
  assert.deepEqual(
    other.received.map(({ headers }) => headers['private-token']),
    ['glpat-1'],
  )
})

test('S3-37: a pattern tells its prefix, and the names that it means if it has no wildcards', () => {
  const names = (pattern: string) => wantedBy(pattern).names
  assert.deepEqual(names('library/nginx'), ['library/nginx'])
  assert.deepEqual(names('library/{nginx,redis}'), ['library/nginx', 'library/redis'])
  assert.deepEqual(names('{a,b}/{c,d}'), ['a/c', 'a/d', 'b/c', 'b/d'])
  for (const pattern of ['', '**', 'library/*', 'a/[bc]', 'a/b?', 'a/{b,{c,d}}', 'a/\\{b', 'UPPER/case'])
    assert.equal(names(pattern), undefined, pattern)
  const many = `a/{${Array.from({ length: 2000 }, (_, index) => `n${index}`).join(',')}}`
  assert.equal(names(many), undefined)
  assert.deepEqual([wantedBy('library/ng*').prefix, wantedBy('**').prefix], ['library/ng', ''])
  assert.deepEqual(
    ['library/nginx', 'library/a/nginx', 'other/nginx'].map((name) => wantedBy('library/**').takes(name)),
    [true, true, false],
  )
})

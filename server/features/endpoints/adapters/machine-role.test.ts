import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openOutbound } from '../../../platform/outbound/outbound.ts'
import { openReceiver } from '../../../testing/receiver.ts'
import { openMachineRole } from './machine-role.ts'

const outbound = openOutbound({ allow: ['127.0.0.1'] })
after(() => outbound.close())

const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString()
const keys = (end: string) =>
  JSON.stringify({ AccessKeyId: 'ASIATEST', SecretAccessKey: 'secret', Token: 'session', Expiration: end })

/** The metadata service of an instance (EC2 User Guide, "Use IMDSv2"). */
async function openMetadata(end: string) {
  const service = await openReceiver()
  service.answer(({ path, headers }) => {
    if (path === '/latest/api/token')
      return headers['x-aws-ec2-metadata-token-ttl-seconds'] ? { body: 'imds-token' } : { status: 400 }
    if (headers['x-aws-ec2-metadata-token'] !== 'imds-token') return { status: 401 }
    if (path === '/latest/meta-data/iam/security-credentials/') return { body: 'puller\n' }
    return path === '/latest/meta-data/iam/security-credentials/puller' ? { body: keys(end) } : { status: 404 }
  })
  return service
}

test('the role of an instance is asked for by IMDSv2, and kept until shortly before its end', async () => {
  await using long = await openMetadata(inHours(6))
  const role = openMachineRole({ outbound, env: {}, metadataUrl: long.url })
  const [first, second] = await Promise.all([role(), role()])
  assert.deepEqual([first.id, first.token], ['ASIATEST', 'session'])
  assert.equal(first, second)
  assert.equal(await role(), first)
  assert.deepEqual(
    long.received.map(({ path }) => path),
    [
      '/latest/api/token',
      '/latest/meta-data/iam/security-credentials/',
      '/latest/meta-data/iam/security-credentials/puller',
    ],
  )
  await using short = await openMetadata(inHours(0.05))
  const ending = openMachineRole({ outbound, env: {}, metadataUrl: short.url })
  await ending()
  await ending()
  assert.equal(short.received.length, 6)
})

test('in a container the role of the container counts, with the token that is in a file', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'machine-role-'))
  after(() => rm(dir, { recursive: true, force: true }))
  const file = join(dir, 'token')
  await writeFile(file, 'pod-token\n')
  await using service = await openReceiver()
  service.answer(() => ({ body: keys(inHours(6)) }))
  const relative = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/credentials/1' }
  await openMachineRole({ outbound, env: relative, containerUrl: service.url })()
  const full = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${service.url}/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
  }
  await openMachineRole({ outbound, env: full })()
  assert.deepEqual(
    service.received.map(({ path, headers }) => [path, headers.authorization]),
    [
      ['/v2/credentials/1', undefined],
      ['/v1/credentials', 'pod-token'],
    ],
  )
})

test('a machine without a role says so, and is asked again', async () => {
  await using service = await openReceiver()
  service.answer(() => ({ status: 404 }))
  const role = openMachineRole({ outbound, env: {}, metadataUrl: service.url })
  const why = /this machine tells no role \(127\.0\.0\.1:\d+ answers with status 404\)/
  for (let time = 0; time < 2; time++) await assert.rejects(role(), why)
  service.answer(() => ({ body: '{}' }))
  await assert.rejects(role(), /no keys in the answer/)
  assert.equal(service.received.length, 5)
})

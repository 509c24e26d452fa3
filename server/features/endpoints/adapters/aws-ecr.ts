import { RemoteFailed, type ApiReply, type Proof, type Remote } from '../../../registry/remote/remote.ts'
import type { Adapter, Address, Lent, Reach } from './adapter.ts'
import { asNames, listedTag, paged, refused, rowIn, rowsIn, textIn, unknownName, type Row } from './answers.ts'
import type { AwsKeys, MachineRole } from './machine-role.ts'
import { signForAws } from './sign.ts'

const regions = [
  'us-east-2 us-east-1 us-west-1 us-west-2 af-south-1 ap-east-1 ap-east-2 ap-south-1 ap-south-2 ap-northeast-3',
  'ap-northeast-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6',
  'ap-southeast-7 ap-northeast-1 ca-central-1 ca-west-1 cn-north-1 cn-northwest-1 eu-central-1 eu-central-2',
  'eu-west-1 eu-west-2 eu-south-1 eu-south-2 eu-west-3 eu-north-1 il-central-1 me-south-1 me-central-1',
  'mx-central-1 sa-east-1 us-gov-east-1 us-gov-west-1',
].flatMap((line) => line.split(' '))

/** `api.ecr.<region>.amazonaws.com`, or the registry of an account, `<account>.dkr.ecr.<region>.amazonaws.com`. */
const hostForm = /^(?:api|(\d+)\.dkr)\.ecr(-fips)?\.([\w-]+)\.(amazonaws\.com(?:\.cn)?|sc2s\.sgov\.gov|c2s\.ic\.gov)$/

/**
 * Amazon ECR, by its API of version 2015-09-21. Without keys Marina takes the role of its machine or container. An
 * endpoint at another host (a proxy, a stand-in) is asked for both, the API and the registry.
 */
export const awsEcr: Adapter = {
  type: 'aws-ecr',
  info: {
    resources: ['image'],
    endpoints: {
      isFixed: false,
      urls: regions.map((region) => {
        const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
        return { key: region, url: `https://api.ecr.${region}.${domain}` }
      }),
    },
  },

  async locate(address, lent) {
    const place = placeOf(address.url)
    const ask = () => askToken(address, lent, place)
    // The account's own host is told with the first token, if the URL does not name it.
    const url = place.registry ?? (await ask()).registry
    return { url, credential: { kind: 'fresh', fresh: ask }, facts: { api: place.api, region: place.region } }
  },

  async *list(reach) {
    for await (const row of listed(reach, 'DescribeRepositories', 'repositories', {}))
      yield* asNames([textIn(row, 'repositoryName')])
  },

  async *artifacts(reach, name) {
    // Untagged images are left out: they are children of indexes, or what a moved tag left behind.
    const body = { repositoryName: name, filter: { tagStatus: 'TAGGED' } }
    for await (const { imageTags, imageDigest } of listed(reach, 'DescribeImages', 'imageDetails', body))
      yield* merged((Array.isArray(imageTags) ? imageTags : []).flatMap((tag) => listedTag(tag, imageDigest)))
  },

  async prepare(reach, repositories) {
    for (const { name: repositoryName } of repositories) {
      const found = await call(reach, 'DescribeRepositories', { repositoryNames: [repositoryName] }, [
        'RepositoryNotFoundException',
      ])
      if (found.status === 200) continue
      await call(reach, 'CreateRepository', { repositoryName }, ['RepositoryAlreadyExistsException'])
    }
  },

  /** ECR deletes an image with its last tag. */
  async deleteTag(reach, repositoryName, imageTag) {
    await call(reach, 'BatchDeleteImage', { repositoryName, imageIds: [{ imageTag }] }, ['RepositoryNotFoundException'])
  },
}

/** Tags of one image as one artifact. */
function merged(all: ReturnType<typeof listedTag>) {
  const [first] = all
  return first ? [{ ...first, tags: all.flatMap(({ tags }) => tags) }] : []
}

type Place = { api: string; region: string; account: string | undefined; registry: string | undefined }

function placeOf(url: string): Place {
  const [, account, fips = '', region, domain] = hostForm.exec(new URL(url).hostname) ?? []
  if (region === undefined) return { api: url, region: 'us-east-1', account: undefined, registry: url }
  const api = `https://api.ecr${fips}.${region}.${domain}`
  return { api, region, account, registry: account === undefined ? undefined : url }
}

/** Name and password for the registry, good for twelve hours (GetAuthorizationToken). */
async function askToken(
  address: Address,
  { api, name, machineRole }: Lent,
  { api: url, region, account }: Place,
): Promise<{ proof: Proof; endsAt: Date; registry: string }> {
  const body = account === undefined ? {} : { registryIds: [account] }
  const remote = { api, endpoint: { name, url } }
  const reply = await send({ remote, address, machineRole }, { url, region }, 'GetAuthorizationToken', body, [])
  const [token] = rowsIn(reply, remote, 'GetAuthorizationToken', 'authorizationData')
  const [username, password] = Buffer.from(textIn(token ?? {}, 'authorizationToken'), 'base64')
    .toString()
    .split(':', 2)
  const registry = textIn(token ?? {}, 'proxyEndpoint')
  if (!username || !password || !URL.canParse(registry))
    throw refused(remote, 'GetAuthorizationToken', reply.status, 'no token in the answer')
  const endsAt = new Date(Number(token!['expiresAt']) * 1000)
  return { proof: { kind: 'basic', username, password }, endsAt, registry: registry.replace(/\/$/, '') }
}

/** A list whose answers give a `nextToken` for the next page. */
async function* listed(reach: Reach, action: string, key: string, body: object): AsyncGenerator<Row> {
  yield* paged(reach.remote, action, async (nextToken) => {
    const more = nextToken === undefined ? {} : { nextToken }
    const reply = await call(reach, action, { ...body, maxResults: 1000, ...more }, ['RepositoryNotFoundException'])
    if (reply.status !== 200) throw unknownName('repositoryName' in body ? String(body.repositoryName) : '')
    return { rows: rowsIn(reply, reach.remote, action, key), next: textIn(rowIn(reply), 'nextToken') || undefined }
  })
}

const call = (reach: Reach, action: string, body: object, expected: string[]) =>
  send(reach, { url: reach.facts['api']!, region: reach.facts['region']! }, action, body, expected)

type Sender = { address: Address; machineRole: MachineRole; remote: Pick<Remote, 'api' | 'endpoint'> }

/** Calls the API. An error whose type is not `expected` is thrown; ECR answers all with 400. */
async function send(
  { address, machineRole, remote }: Sender,
  { url, region }: { url: string; region: string },
  action: string,
  body: object,
  expected: string[],
): Promise<ApiReply> {
  const text = JSON.stringify(body)
  const target = `AmazonEC2ContainerRegistry_V20150921.${action}`
  const plain = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target }
  const request = { method: 'POST', url: `${url}/`, headers: plain, body: text }
  const headers = signForAws(request, await keysOf(address, machineRole, remote), { service: 'ecr', region })
  const reply = await remote.api({
    method: 'POST',
    path: request.url,
    headers,
    body: text,
    authorization: 'none',
    expects: [200, 400, 401, 403],
    isRepeatable: true,
  })
  if (reply.status === 200) return reply
  const type = /[^#]*$/.exec(textIn(rowIn(reply), '__type'))![0]
  if (expected.includes(type)) return reply
  throw refused(remote, action, reply.status, type, textIn(rowIn(reply), 'message'))
}

async function keysOf(
  { accessKey, accessSecret }: Address,
  machineRole: MachineRole,
  { endpoint }: Pick<Remote, 'endpoint'>,
): Promise<AwsKeys> {
  if (accessKey !== '') return { id: accessKey, secret: accessSecret }
  return machineRole().catch((error: Error) => {
    const failure = { reason: 'unauthorized' as const, endpoint: endpoint.name, call: 'role of this machine' }
    throw new RemoteFailed(failure, `the endpoint has no access key, and ${error.message}`, { cause: error })
  })
}

import type { ApiReply, Remote } from '../../../registry/remote/remote.ts'
import type { Adapter, Address, Reach } from './adapter.ts'
import {
  asNames,
  isRow,
  listedTag,
  numberIn,
  numbered,
  refused,
  rowIn,
  rowsIn,
  textIn,
  unknownName,
  type Row,
} from './answers.ts'
import { freshLogin } from './credential.ts'
import { signForTencent } from './sign.ts'
import { belowFirst, firstPart, firstParts, namespaceOf } from './wanted.ts'

const domain = '.tencentcloudcr.com'
const pageSize = 100

/**
 * Tencent Container Registry, enterprise edition, by its API of version 2019-09-24
 * (https://www.tencentcloud.com/document/product/1051). The credential is a SecretId with its SecretKey.
 */
export const tencentTcr: Adapter = {
  type: 'tencent-tcr',
  info: { resources: ['image'], hasEmptyPattern: true, nameParts: { least: 2 } },

  async locate(address, { api, name: endpoint }) {
    const { hostname } = new URL(address.url)
    const isTencent = hostname.endsWith(domain)
    const url = isTencent ? 'https://tcr.tencentcloudapi.com' : address.url
    const remote = { api, endpoint: { name: endpoint, url } }
    const name = isTencent ? hostname.slice(0, -domain.length) : hostname
    const body = { AllRegion: true, Filters: [{ Name: 'RegistryName', Values: [name] }] }
    const reply = await send(remote, address, { url, region: 'ap-guangzhou' }, 'DescribeInstances', body)
    const [instance] = rowsIn(reply, remote, 'DescribeInstances', 'Response.Registries')
    if (!instance) throw refused(remote, 'DescribeInstances', 404, `the account has no registry named ${name}`)
    const facts = { url, region: textIn(instance, 'RegionName'), id: textIn(instance, 'RegistryId') }
    return { url: address.url, credential: loginOf(remote, address, facts), facts }
  },

  async *list(reach, wanted) {
    const namespace = namespaceOf(wanted)
    const only = namespace === undefined ? {} : { NamespaceName: namespace }
    for await (const row of listed(reach, 'DescribeRepositories', 'RepositoryList', only))
      yield* asNames([textIn(row, 'Name')])
  },

  async *artifacts(reach, name) {
    for await (const row of listed(reach, 'DescribeImages', 'ImageInfoList', placeOf(name), name))
      yield* listedTag(row['ImageVersion'], row['Digest'])
  },

  async prepare(reach, repositories) {
    for (const NamespaceName of firstParts(repositories)) {
      // The search finds names that contain this one.
      const reply = await call(reach, 'DescribeNamespaces', { NamespaceName, Limit: pageSize, Offset: 1 })
      const found = rowsIn(reply, reach.remote, 'DescribeNamespaces', 'Response.NamespaceList')
      if (!found.some((row) => textIn(row, 'Name') === NamespaceName))
        await call(reach, 'CreateNamespace', { NamespaceName, IsPublic: false }, existsAlready)
    }
    for (const { name } of repositories) await call(reach, 'CreateRepository', placeOf(name), existsAlready)
  },

  async deleteTag(reach, name, tag) {
    await call(reach, 'DeleteImage', { ...placeOf(name), ImageVersion: tag }, isUnknown)
  },
}

const isUnknown = /^ResourceNotFound/
const existsAlready = /Exist|ResourceInUse|Conflict/i

const placeOf = (name: string) => ({ NamespaceName: firstPart(name), RepositoryName: belowFirst(name) })

type Place = { url: string; region: string }
type Sender = Pick<Remote, 'api' | 'endpoint'>

/** Name and token for docker, for an hour. */
const loginOf = (remote: Sender, address: Address, { id, ...place }: Place & { id: string }) =>
  freshLogin(async () => {
    const reply = await send(remote, address, place, 'CreateInstanceToken', { RegistryId: id, TokenType: 'temp' })
    const answer = rowIn(reply, 'Response')
    const endsAt = new Date(numberIn(answer, 'ExpTime'))
    return { username: textIn(answer, 'Username'), password: textIn(answer, 'Token'), endsAt }
  })

/** A list with numbered pages: `Offset` is a page. */
async function* listed(reach: Reach, action: string, key: string, body: object, name?: string): AsyncGenerator<Row> {
  yield* numbered(reach.remote, action, async (page) => {
    const reply = await call(reach, action, { ...body, Limit: pageSize, Offset: page }, isUnknown)
    const answer = rowIn(reply, 'Response')
    if (answer['Error'] !== undefined && name !== undefined) throw unknownName(name)
    const total = numberIn(answer, 'TotalCount')
    const rows = rowsIn(reply, reach.remote, action, `Response.${key}`)
    return { rows, total }
  })
}

const call = ({ remote, address, facts }: Reach, action: string, body: object, expected?: RegExp) =>
  send(
    remote,
    address,
    { url: facts['url']!, region: facts['region']! },
    action,
    { RegistryId: facts['id'], ...body },
    expected,
  )

/** Calls the API. Errors come with status 200; one whose code is not `expected` is thrown. */
async function send(
  remote: Sender,
  { accessKey: id, accessSecret: secret }: Address,
  { url, region }: Place,
  action: string,
  body: object,
  expected?: RegExp,
): Promise<ApiReply> {
  const text = JSON.stringify(body)
  const plain = { 'content-type': 'application/json; charset=utf-8', 'x-tc-action': action }
  const signed = signForTencent({ method: 'POST', url: `${url}/`, headers: plain, body: text }, { id, secret }, 'tcr')
  const headers = { ...signed, 'x-tc-version': '2019-09-24', 'x-tc-region': region }
  const reply = await remote.api({
    method: 'POST',
    path: `${url}/`,
    headers,
    body: text,
    authorization: 'none',
    isRepeatable: true,
  })
  const error = rowIn(reply, 'Response')['Error']
  if (!isRow(error)) return reply
  if (expected?.test(textIn(error, 'Code'))) return reply
  throw refused(remote, action, reply.status, textIn(error, 'Code'), textIn(error, 'Message'))
}

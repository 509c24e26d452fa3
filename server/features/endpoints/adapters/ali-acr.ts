import { randomUUID } from 'node:crypto'
import type { ApiReply, Remote } from '../../../registry/remote/remote.ts'
import type { Adapter, Address, ListedArtifact, Reach } from './adapter.ts'
import {
  asNames,
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
import { signForAlibaba } from './sign.ts'
import { belowFirst, firstPart, firstParts, namespaceOf } from './wanted.ts'

const regions = [
  'cn-qingdao cn-beijing cn-zhangjiakou cn-huhehaote cn-wulanchabu cn-hangzhou cn-shanghai cn-shenzhen cn-heyuan',
  'cn-guangzhou cn-chengdu cn-hongkong ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-5 ap-south-1',
  'ap-northeast-1 us-west-1 us-east-1 eu-central-1 eu-west-1 me-east-1',
].flatMap((line) => line.split(' '))

const pageSize = 100

/**
 * Alibaba Cloud Container Registry: its Enterprise Edition (API of version 2018-12-01), and the Personal Edition (API
 * of version 2016-06-07). The registry's own challenge tells which one it is, and its region. The credential is an
 * AccessKey pair.
 */
export const aliAcr: Adapter = {
  type: 'ali-acr',
  info: {
    resources: ['image'],
    endpoints: { isFixed: false, urls: regions.flatMap(urlsOf) },
    nameParts: { least: 2, most: 2 },
  },

  async locate(address, { api, name }) {
    const { hostname, origin } = new URL(address.url)
    // `cr.<region>.aliyuncs.com` is the API; its registry is at `registry.<region>.aliyuncs.com`.
    const url = hostname.endsWith('.aliyuncs.com') ? origin.replace('//cr.', '//registry.') : address.url
    const service = await serviceOf(api, url)
    const [, region = '', instance = ''] = service.split(':')
    if (!/^registry\.aliyuncs\.com:[\w-]+:/i.test(service))
      throw refused({ endpoint: { name, url } }, 'GET /v2/', 401, 'it is no registry of Alibaba Cloud')
    const facts = {
      api: hostname.endsWith('.aliyuncs.com') ? `https://cr.${region}.aliyuncs.com` : address.url,
      instance: instance.startsWith('cri-') ? instance : '',
    }
    return { url, credential: loginOf({ api, endpoint: { name, url } }, address, facts), facts }
  },

  async *list(reach, wanted) {
    const namespace = namespaceOf(wanted)
    for await (const row of repositoriesOf(reach, namespace)) yield* asNames([`${row.namespace}/${row.name}`])
  },

  async *artifacts(reach, name) {
    yield* reach.facts['instance'] ? enterpriseTags(reach, name) : personalTags(reach, name)
  },

  /** Repositories are made by their first push, in a namespace that exists. */
  async prepare(reach, repositories) {
    for (const name of firstParts(repositories)) {
      if (await hasNamespace(reach, name)) continue
      if (reach.facts['instance'])
        await rpc(
          reach,
          'CreateNamespace',
          { NamespaceName: name, AutoCreateRepo: 'true', DefaultRepoType: 'PRIVATE' },
          /EXIST/i,
        )
      else await rest(reach, 'PUT', '/namespace', { Namespace: { Namespace: name } }, /EXIST/i)
    }
  },

  async deleteTag(reach, name, tag) {
    if (!reach.facts['instance'])
      return void (await rest(reach, 'DELETE', `/repos/${name}/tags/${tag}`, undefined, /NOT_EXIST/i))
    const id = await findId(reach, name)
    if (id !== undefined) await rpc(reach, 'DeleteRepoTag', { RepoId: id, Tag: tag }, /NOT_EXIST/i)
  },
}

function urlsOf(region: string) {
  return [
    { key: region, url: `https://registry.${region}.aliyuncs.com` },
    { key: `${region}-vpc`, url: `https://registry-vpc.${region}.aliyuncs.com` },
    { key: `${region}-internal`, url: `https://registry-internal.${region}.aliyuncs.com` },
    { key: `${region}-ee-vpc`, url: `https://instanceName-registry-vpc.${region}.cr.aliyuncs.com` },
    { key: `${region}-ee`, url: `https://instanceName-registry.${region}.cr.aliyuncs.com` },
  ]
}

/** The `service` of the challenge: `registry.aliyuncs.com:<region>:<number or id of the instance>`. */
async function serviceOf(api: Remote['api'], url: string): Promise<string> {
  const reply = await api({ path: `${url}/v2/`, authorization: 'none', expects: [200, 401] })
  return /service="([^"]*)"/i.exec(String(reply.headers['www-authenticate'] ?? ''))?.[1] ?? ''
}

type Sender = Pick<Remote, 'api' | 'endpoint'>
type Caller = { remote: Sender; address: Address; facts: Readonly<Record<string, string>> }

/** Name and token for docker, for an hour (GetAuthorizationToken). */
function loginOf(remote: Sender, address: Address, facts: Caller['facts']) {
  const caller = { remote, address, facts }
  return freshLogin(async () => {
    const answer = facts['instance']
      ? rowIn(await rpc(caller, 'GetAuthorizationToken', {}))
      : rowIn(await rest(caller, 'GET', '/tokens'), 'data')
    return {
      username: textIn(answer, 'TempUsername') || textIn(answer, 'tempUserName'),
      password: textIn(answer, 'AuthorizationToken') || textIn(answer, 'authorizationToken'),
      endsAt: new Date(numberIn(answer, 'ExpireTime') || numberIn(answer, 'expireDate')),
    }
  })
}

type Repository = { namespace: string; name: string }

async function* repositoriesOf(reach: Reach, namespace: string | undefined): AsyncGenerator<Repository> {
  if (reach.facts['instance']) {
    const only = { RepoStatus: 'ALL', ...(namespace !== undefined && { RepoNamespaceName: namespace }) }
    for await (const row of rpcList(reach, 'ListRepository', 'Repositories', only))
      yield { namespace: textIn(row, 'RepoNamespaceName'), name: textIn(row, 'RepoName') }
  } else {
    const path = namespace === undefined ? '/repos' : `/repos/${namespace}`
    for await (const row of restList(reach, path, 'repos'))
      yield { namespace: textIn(row, 'repoNamespace'), name: textIn(row, 'repoName') }
  }
}

async function* enterpriseTags(reach: Reach, name: string): AsyncGenerator<ListedArtifact> {
  const id = await findId(reach, name)
  if (id === undefined) throw unknownName(name)
  for await (const row of rpcList(reach, 'ListRepoTag', 'Images', { RepoId: id }))
    yield* listedTag(row['Tag'], digestIn(row, 'Digest'))
}

async function* personalTags(reach: Reach, name: string): AsyncGenerator<ListedArtifact> {
  for await (const row of restList(reach, `/repos/${name}/tags`, 'tags', name))
    yield* listedTag(row['tag'], digestIn(row, 'digest'))
}

/** The API writes digests without their algorithm. */
function digestIn(row: Row, key: string): string {
  const text = textIn(row, key)
  return /^[0-9a-f]{64}$/.test(text) ? `sha256:${text}` : text
}

async function findId(reach: Reach, name: string): Promise<string | undefined> {
  const place = { RepoNamespaceName: firstPart(name), RepoName: belowFirst(name) }
  const reply = await rpc(reach, 'GetRepository', place, /NOT_EXIST/i)
  return reply.status === 200 ? textIn(rowIn(reply), 'RepoId') || undefined : undefined
}

async function hasNamespace(reach: Reach, name: string): Promise<boolean> {
  const isAbsent = /NOT_EXIST/i
  const reply = reach.facts['instance']
    ? await rpc(reach, 'GetNamespace', { NamespaceName: name }, isAbsent)
    : await rest(reach, 'GET', `/namespace/${name}`, undefined, isAbsent)
  return reply.status === 200 && !isAbsent.test(codeIn(reply))
}

/** The Enterprise Edition's API: operations by name, parameters in the query. */
async function* rpcList(reach: Reach, action: string, key: string, query: Record<string, string>): AsyncGenerator<Row> {
  yield* numbered(reach.remote, action, async (page) => {
    const reply = await rpc(reach, action, { ...query, PageNo: String(page), PageSize: String(pageSize) })
    const rows = rowsIn(reply, reach.remote, action, key)
    const total = numberIn(rowIn(reply), 'TotalCount')
    return { rows, total }
  })
}

function rpc(caller: Caller, action: string, query: Record<string, string>, expected?: RegExp): Promise<ApiReply> {
  const search = new URLSearchParams({ InstanceId: caller.facts['instance']!, ...query }).toString()
  return send(caller, { method: 'POST', path: `/?${search}`, action, version: '2018-12-01' }, expected)
}

/** The Personal Edition's API: paths, and answers in `data`. */
async function* restList(reach: Reach, path: string, key: string, name?: string): AsyncGenerator<Row> {
  yield* numbered(reach.remote, `GET ${path}`, async (page) => {
    const reply = await rest(reach, 'GET', `${path}?Page=${page}&PageSize=${pageSize}`, undefined, /NOT_EXIST/i)
    if (name !== undefined && /NOT_EXIST/i.test(codeIn(reply))) throw unknownName(name)
    const rows = rowsIn(reply, reach.remote, `GET ${path}`, `data.${key}`)
    const total = numberIn(rowIn(reply, 'data'), 'total')
    return { rows, total }
  })
}

function rest(caller: Caller, method: Method, path: string, body?: object, expected?: RegExp): Promise<ApiReply> {
  const text = body ? JSON.stringify(body) : ''
  // The signature names the operation: method and path, as the older API has no names of operations.
  const action = `${method} ${path.split('?', 1)[0]}`
  return send(caller, { method, path, action, version: '2016-06-07', body: text }, expected)
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'
type Request = { method: Method; path: string; action: string; version: string; body?: string }

/** Calls the API. Throws an error whose code is not `expected`, in the vendor's words. */
async function send({ remote, address, facts }: Caller, request: Request, expected?: RegExp): Promise<ApiReply> {
  const { method, path, action, version, body = '' } = request
  const url = `${facts['api']}${path}`
  const plain = {
    'content-type': 'application/json',
    'x-acs-version': version,
    ...(/^\w+$/.test(action) && { 'x-acs-action': action }),
  }
  const keys = { id: address.accessKey, secret: address.accessSecret }
  const reply = await remote.api({
    method,
    path: url,
    headers: signForAlibaba({ method, url, headers: plain, body }, keys, randomUUID()),
    ...(body && { body }),
    authorization: 'none',
    expects: [200, 201, 400, 401, 403, 404, 409, 500],
  })
  const code = codeIn(reply)
  const isGood = reply.status < 300 && (code === '' || code === 'success')
  if (isGood || expected?.test(code)) return reply
  const words = textIn(rowIn(reply), 'Message') || textIn(rowIn(reply), 'message')
  throw refused(remote, action, reply.status, code, words)
}

const codeIn = (reply: ApiReply): string => textIn(rowIn(reply), 'Code') || textIn(rowIn(reply), 'code')

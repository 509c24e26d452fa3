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
import { sha256, signForVolcengine } from './sign.ts'
import { belowFirst, firstPart, firstParts, namespaceOf } from './wanted.ts'

/** `<registry>-<region>.cr.volces.com`, or `.cr.ivolces.com` from inside. */
const hostForm = /^(.+)-(cn-[\w-]+|ap-[\w-]+)\.cr\.i?volces\.com$/
const pageSize = 100

/**
 * Volcano Engine's registry, by its API of version 2022-05-12 (https://www.volcengine.com/docs/6420). The credential is
 * an access key with its secret.
 */
export const volcengineCr: Adapter = {
  type: 'volcengine-cr',
  info: { resources: ['image'], hasEmptyPattern: true, nameParts: { least: 2 } },

  locate(address, { api, name }) {
    const { hostname } = new URL(address.url)
    const [, registry = hostname, region] = hostForm.exec(hostname) ?? []
    const url = region === undefined ? address.url : 'https://open.volcengineapi.com'
    const facts = { url, region: region ?? 'cn-beijing', registry }
    return { url: address.url, credential: loginOf({ api, endpoint: { name, url } }, address, facts), facts }
  },

  async *list(reach, wanted) {
    const namespace = namespaceOf(wanted)
    const body = namespace === undefined ? {} : { Filter: { Namespaces: [namespace] } }
    for await (const row of listed(reach, 'ListRepositories', body))
      yield* asNames([`${textIn(row, 'Namespace')}/${textIn(row, 'Name')}`])
  },

  async *artifacts(reach, name) {
    for await (const row of listed(reach, 'ListTags', placeOf(name), name)) yield* listedTag(row['Name'], row['Digest'])
  },

  async prepare(reach, repositories) {
    for (const name of firstParts(repositories))
      if (!(await exists(reach, 'ListNamespaces', { Filter: { Names: [name] } })))
        await call(reach, 'CreateNamespace', { Name: name }, existsAlready)
    for (const { name } of repositories) {
      const { Namespace, Repository } = placeOf(name)
      if (!(await exists(reach, 'ListRepositories', { Filter: { Names: [Repository], Namespaces: [Namespace] } })))
        await call(reach, 'CreateRepository', { Namespace, Name: Repository }, existsAlready)
    }
  },

  async deleteTag(reach, name, tag) {
    await call(reach, 'DeleteTags', { ...placeOf(name), Names: [tag] }, isUnknown)
  },
}

const isUnknown = /NotFound|NotExist/i
const existsAlready = /Exist|Conflict|Duplicate/i

const placeOf = (name: string) => ({ Namespace: firstPart(name), Repository: belowFirst(name) })

type Place = { url: string; region: string; registry: string }
type Sender = Pick<Remote, 'api' | 'endpoint'>

/** Name and token for docker. */
const loginOf = (remote: Sender, address: Address, place: Place) =>
  freshLogin(async () => {
    const answer = rowIn(await send(remote, address, place, 'GetAuthorizationToken', {}), 'Result')
    const endsAt = new Date(textIn(answer, 'ExpireTime'))
    return { username: textIn(answer, 'Username'), password: textIn(answer, 'Token'), endsAt }
  })

async function exists(reach: Reach, action: string, body: object): Promise<boolean> {
  const reply = await call(reach, action, { ...body, PageNumber: 1, PageSize: 1 })
  return numberIn(rowIn(reply, 'Result'), 'TotalCount') > 0
}

async function* listed(reach: Reach, action: string, body: object, name?: string): AsyncGenerator<Row> {
  yield* numbered(reach.remote, action, async (page) => {
    const query = { ...body, PageNumber: page, PageSize: pageSize }
    const reply = await call(reach, action, query, name === undefined ? undefined : isUnknown)
    if (errorIn(reply) && name !== undefined) throw unknownName(name)
    const total = numberIn(rowIn(reply, 'Result'), 'TotalCount')
    const rows = rowsIn(reply, reach.remote, action, 'Result.Items')
    return { rows, total }
  })
}

const call = ({ remote, address, facts }: Reach, action: string, body: object, expected?: RegExp) =>
  send(remote, address, facts as Place, action, body, expected)

/** Calls the API. Throws an error whose code is not `expected`, in the vendor's words. */
async function send(
  remote: Sender,
  { accessKey: id, accessSecret: secret }: Address,
  { url, region, registry }: Place,
  action: string,
  body: object,
  expected?: RegExp,
): Promise<ApiReply> {
  const text = JSON.stringify({ Registry: registry, ...body })
  const request = {
    method: 'POST',
    url: `${url}/?Action=${action}&Version=2022-05-12`,
    headers: { 'content-type': 'application/json', 'x-content-sha256': sha256(text) },
    body: text,
  }
  const reply = await remote.api({
    method: 'POST',
    path: request.url,
    headers: signForVolcengine(request, { id, secret }, { service: 'cr', region }),
    body: text,
    authorization: 'none',
    expects: [200, 400, 401, 403, 404, 409],
    isRepeatable: true,
  })
  const error = errorIn(reply)
  if (reply.status === 200 && !error) return reply
  const words = error ? [textIn(error, 'Code'), textIn(error, 'Message')] : []
  if (words[0] !== undefined && expected?.test(words[0])) return reply
  throw refused(remote, action, reply.status, ...words)
}

function errorIn(reply: ApiReply): Row | undefined {
  const error = rowIn(reply, 'ResponseMetadata')['Error']
  return isRow(error) ? error : undefined
}

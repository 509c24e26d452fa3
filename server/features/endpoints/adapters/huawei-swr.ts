import type { ApiReply } from '../../../registry/remote/remote.ts'
import type { Adapter, Address, Reach } from './adapter.ts'
import { asNames, isAbsent, listedTag, paged, rowIn, rowsIn, textIn, unknownName, type Row } from './answers.ts'
import { credentialOf } from './credential.ts'
import { hmac, signForHuawei } from './sign.ts'
import { belowFirst, firstPart, firstParts, namespaceOf } from './wanted.ts'

const hostForm = /^swr(?:-api)?\.([\w-]+)\.(myhuaweicloud\.(?:com|eu))$/
const pageSize = 100

/**
 * Huawei Cloud SWR. The credential is an access key with its secret, for its documented API
 * (https://support.huaweicloud.com/intl/en-us/api-swr/), or, as in Harbor, the name and password for docker
 * (`<region>@<key>`), with which its older API is asked by Basic.
 */
export const huaweiSwr: Adapter = {
  type: 'huawei-SWR',
  info: { resources: ['image'], nameParts: { least: 2 } },

  locate(address) {
    const [, region, domain] = hostForm.exec(new URL(address.url).hostname) ?? []
    const isLogin = address.accessKey.includes('@')
    const api = region === undefined ? address.url : `https://swr-api.${region}.${domain}`
    return {
      url: address.url,
      credential: isLogin || address.accessKey === '' ? credentialOf(address) : loginOf(address, region ?? 'region'),
      facts: isLogin ? { api: address.url, signs: '' } : { api, signs: 'true' },
    }
  },

  async *list(reach, wanted) {
    const namespace = namespaceOf(wanted)
    const filter = `center::self${namespace === undefined ? '' : `|namespace::${namespace}`}`
    for await (const row of listed(reach, reach.facts['signs'] ? '/repos' : '/repositories', filter))
      yield* asNames([`${textIn(row, 'namespace')}/${textIn(row, 'name')}`])
  },

  async *artifacts(reach, name) {
    if (reach.facts['signs'])
      for await (const row of listed(reach, `${pathOf(name)}/tags`, '', name))
        yield* listedTag(row['Tag'] ?? row['tag'], row['digest'])
    else for await (const tag of reach.remote.tags(name)) yield* listedTag(tag)
  },

  async prepare(reach, repositories) {
    for (const namespace of firstParts(repositories)) {
      const found = await call(reach, { path: `/namespaces/${namespace}`, expects: [200, 404] })
      // The older API answers 200 with an empty name for one that does not exist.
      if (found.status === 200 && textIn(rowIn(found), 'name') === namespace) continue
      await call(reach, {
        method: 'POST',
        path: '/namespaces',
        body: JSON.stringify({ namespace }),
        expects: [200, 201, 409],
      })
    }
  },

  async deleteTag(reach, name, tag) {
    await call(reach, { method: 'DELETE', path: `${pathOf(name)}/tags/${tag}`, expects: [200, 202, 204, 404] })
  },
}

/** A slash in the name of a repository is written as a dollar sign. */
const pathOf = (name: string) => `/namespaces/${firstPart(name)}/repos/${belowFirst(name).replaceAll('/', '$')}`

/** The login for docker that belongs to an access key ("Obtaining a Long-Term Valid Login Command"). */
function loginOf({ accessKey, accessSecret }: Address, region: string) {
  const password = hmac(accessSecret, accessKey).toString('hex')
  return { kind: 'basic' as const, username: `${region}@${accessKey}`, password }
}

type Call = { method?: 'GET' | 'POST' | 'DELETE'; path: string; body?: string; expects?: number[] }

async function call(
  { address, remote, facts }: Reach,
  { method = 'GET', path, body = '', expects }: Call,
): Promise<ApiReply> {
  const url = `${facts['api']}${facts['signs'] ? '/v2/manage' : '/dockyard/v2'}${path}`
  const plain = { 'content-type': 'application/json' }
  const headers = facts['signs']
    ? signForHuawei({ method, url, headers: plain, body }, { id: address.accessKey, secret: address.accessSecret })
    : plain
  return remote.api({
    method,
    path: url,
    headers,
    ...(body && { body }),
    authorization: facts['signs'] ? 'none' : 'endpoint',
    ...(expects && { expects }),
    isRepeatable: true,
  })
}

/** A list whose filter holds its page: `limit::100|offset::0`. The one after the last is empty. */
async function* listed(reach: Reach, path: string, filter: string, name?: string): AsyncGenerator<Row> {
  yield* paged(reach.remote, path, async (offset = '0') => {
    const whole = [filter, `limit::${pageSize}`, `offset::${offset}`].filter(Boolean).join('|')
    const url = `${path}?filter=${encodeURIComponent(whole)}`
    const reply = await call(reach, { path: url, expects: name === undefined ? [200] : [200, 404] })
    if (name !== undefined && isAbsent(reply)) throw unknownName(name)
    const rows = rowsIn(reply, reach.remote, path)
    return { rows, next: rows.length === 0 ? undefined : String(Number(offset) + rows.length) }
  })
}

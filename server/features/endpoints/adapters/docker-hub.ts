import type { Proof } from '../../../registry/remote/remote.ts'
import { credentialOf } from './credential.ts'
import type { Adapter, Address, Lent, Reach } from './adapter.ts'
import {
  asNames,
  isAbsent,
  listedTag,
  paged,
  rowIn,
  rowsIn,
  textIn,
  textsIn,
  unknownName,
  type Row,
} from './answers.ts'
import { firstPart, firstParts, namespaceOf } from './wanted.ts'

/** A token of the API is good for ten minutes; Marina asks for the next one a minute before. */
const tokenMs = 9 * 60_000

/** Docker Hub: the registry at one host, the API at another (https://docs.docker.com/reference/api/hub/latest/). */
export const dockerHub: Adapter = {
  type: 'docker-hub',
  info: {
    resources: ['image'],
    endpoints: { isFixed: true, urls: [{ key: 'hub.docker.com', url: 'https://hub.docker.com' }] },
    nameParts: { least: 2, most: 2 },
  },

  locate(address, { api }) {
    const isHub = new URL(address.url).hostname === 'hub.docker.com'
    return {
      // A server that stands in for Docker Hub has both at one host.
      url: isHub ? 'https://registry-1.docker.io' : address.url,
      credential: credentialOf(address),
      vendor: { url: address.url, credential: address.accessKey === '' ? undefined : tokenOf(address, api) },
    }
  },

  async *list(reach, wanted) {
    const namespace = namespaceOf(wanted)
    for (const one of namespace === undefined ? await namespacesOf(reach) : [namespace])
      for await (const row of listed(reach, `/v2/namespaces/${one}/repositories`))
        yield* asNames([`${one}/${textIn(row, 'name')}`])
  },

  async *artifacts(reach, name) {
    const path = `/v2/namespaces/${name.replace('/', '/repositories/')}/tags`
    for await (const row of listed(reach, path, name)) yield* listedTag(row['name'], row['digest'])
  },

  /** Docker Hub makes repositories at their first push, but no organizations. */
  async prepare({ address, vendor }, repositories) {
    for (const name of firstParts(repositories)) {
      if (name === address.accessKey) continue
      const path = `/v2/orgs/${name}/`
      if ((await vendor.api({ path, expects: [200, 404] })).status === 200) continue
      const body = { orgname: name, full_name: name, company: name }
      await vendor.api({ method: 'POST', path: '/v2/orgs/', body, expects: [200, 201, 409], isRepeatable: true })
    }
  },

  async deleteTag({ vendor }, name, tag) {
    const path = `/v2/repositories/${name}/tags/${tag}/`
    await vendor.api({ method: 'DELETE', path, expects: [200, 202, 204, 404] })
  },
}

/** A token of the API for a name with its password or access token. */
function tokenOf({ accessKey, accessSecret }: Address, api: Lent['api']) {
  return {
    kind: 'fresh' as const,
    async fresh(): Promise<{ proof: Proof; endsAt: Date }> {
      const reply = await api({
        method: 'POST',
        path: '/v2/auth/token',
        body: { identifier: accessKey, secret: accessSecret },
        authorization: 'none',
        isRepeatable: true,
      })
      const token = textIn(rowIn(reply), 'access_token')
      return { proof: { kind: 'bearer', token }, endsAt: new Date(Date.now() + tokenMs) }
    },
  }
}

/** The namespaces of the account: its own and those of its organizations. */
async function namespacesOf({ vendor }: Reach): Promise<string[]> {
  const path = '/v2/repositories/namespaces'
  return textsIn(await vendor.api({ path }), vendor, path, 'namespaces').map(firstPart)
}

/** A list with numbered pages, which says whether there is a next one; of the repository `name`, if it is given. */
async function* listed({ vendor }: Reach, path: string, name?: string): AsyncGenerator<Row> {
  yield* paged(vendor, path, async (page = '1') => {
    const expects = name === undefined ? [200] : [200, 404]
    const reply = await vendor.api({ path: `${path}?page=${page}&page_size=100`, expects })
    if (name !== undefined && isAbsent(reply)) throw unknownName(name)
    const isLast = !textIn(rowIn(reply), 'next')
    return { rows: rowsIn(reply, vendor, path, 'results'), next: isLast ? undefined : String(Number(page) + 1) }
  })
}

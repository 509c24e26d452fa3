import type { RepositoryName } from '../../../../oci/reference.ts'
import { RemoteFailed } from '../../../registry/remote/remote.ts'
import type { Adapter, Address, Lent, Reach, Wanted } from './adapter.ts'
import { asNames, paged, rowIn, rowsIn, textIn, type Row } from './answers.ts'
import { credentialOf } from './credential.ts'

/**
 * GitLab's registry. Projects and their repositories are listed by GitLab's API, at the host that gives the registry's
 * tokens (https://docs.gitlab.com/api/container_registry/). The password is an access token with `read_api`.
 */
export const gitlab: Adapter = {
  type: 'gitlab',
  info: { resources: ['image'] },

  async locate(address, lent) {
    return { url: address.url, credential: credentialOf(address), vendor: await apiOf(address, lent) }
  },

  async *list(reach, wanted) {
    for await (const project of projectsOf(reach, wanted))
      for await (const row of repositoriesOf(reach, String(project['id'])))
        yield* asNames([textIn(row, 'path').toLowerCase()])
  },

  async deleteTag(reach, name, tag) {
    const found = await findRepository(reach, name)
    if (!found) return
    const path = `/api/v4/projects/${found.project}/registry/repositories/${found.id}/tags/${tag}`
    await reach.vendor.api({
      method: 'DELETE',
      path,
      headers: keyOf(reach),
      authorization: 'none',
      expects: [200, 204, 404],
    })
  },
}

/**
 * GitLab's API is where the registry sends its clients for tokens. The access token goes there only if it is the
 * registry's own site, or the one that the administrator named.
 */
async function apiOf({ url, tokenServiceUrl }: Address, { api, name }: Lent) {
  if (tokenServiceUrl !== '') return { url: new URL(tokenServiceUrl).origin, credential: undefined }
  const reply = await api({ path: '/v2/', authorization: 'none', expects: [200, 401] })
  const challenge = String(reply.headers['www-authenticate'] ?? '')
  const [, realm = ''] = /realm="([^"]+)"/i.exec(challenge) ?? []
  const service = URL.canParse(realm) ? new URL(realm) : new URL(url)
  if (!isSameSite(service, new URL(url)))
    throw new RemoteFailed(
      { reason: 'unauthorized', endpoint: name, call: 'GET /v2/', answered: reply.status },
      `the registry sends its clients to ${service.host}, which is another site: name that URL in token_service_url`,
    )
  return { url: service.origin, credential: undefined }
}

/** The same host, or hosts with their last two names in common: `registry.gitlab.com` and `gitlab.com`. */
function isSameSite(a: URL, b: URL): boolean {
  if (a.hostname === b.hostname) return true
  const site = ({ hostname }: URL) => hostname.split('.').slice(-2).join('.')
  return a.protocol === b.protocol && /[a-z]$/.test(a.hostname) && site(a) === site(b)
}

const keyOf = ({ address }: Reach): Record<string, string> =>
  address.accessSecret === '' ? {} : { 'private-token': address.accessSecret }

/** Projects of the account that have a registry; with a prefix, only those whose path contains its whole parts. */
async function* projectsOf(reach: Reach, { prefix }: Wanted): AsyncGenerator<Row> {
  const within = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')))
  // A project or a repository in it may be meant: the first two parts are in the project's path in both cases.
  const search = within.split('/').slice(0, 2).join('/')
  const query = search === '' ? '' : `&search=${encodeURIComponent(search)}&search_namespaces=true`
  for await (const row of listed(reach, `/api/v4/projects?membership=true${query}`))
    if (row['container_registry_enabled'] !== false) yield row
}

const repositoriesOf = (reach: Reach, project: string) =>
  listed(reach, `/api/v4/projects/${project}/registry/repositories`)

/** The ids of a repository. Its project's path is the name, or a first part of it. */
async function findRepository(reach: Reach, name: RepositoryName) {
  const parts = name.split('/')
  for (let count = parts.length; count >= 2; count--) {
    const path = `/api/v4/projects/${encodeURIComponent(parts.slice(0, count).join('/'))}`
    const reply = await reach.vendor.api({ path, headers: keyOf(reach), authorization: 'none', expects: [200, 404] })
    if (reply.status === 404) continue
    const project = String(rowIn(reply)['id'])
    for await (const row of repositoriesOf(reach, project))
      if (textIn(row, 'path').toLowerCase() === name) return { project, id: String(row['id']) }
  }
  return undefined
}

/** A list with numbered pages; the header X-Next-Page is empty on the last one. */
async function* listed(reach: Reach, path: string): AsyncGenerator<Row> {
  const { vendor } = reach
  yield* paged(vendor, path, async (page = '1') => {
    const url = `${path}${path.includes('?') ? '&' : '?'}per_page=100&page=${page}`
    const reply = await vendor.api({ path: url, headers: keyOf(reach), authorization: 'none' })
    return { rows: rowsIn(reply, vendor, path), next: String(reply.headers['x-next-page'] ?? '') || undefined }
  })
}

import { createSign } from 'node:crypto'
import type { RepositoryName } from '../../../../oci/reference.ts'
import type { ApiReply, Proof, Remote } from '../../../registry/remote/remote.ts'
import type { Adapter, Address, Lent, ListedArtifact, Reach, Wanted } from './adapter.ts'
import {
  asNames,
  isAbsent,
  isRow,
  listedTag,
  paged,
  refused,
  rowIn,
  rowsIn,
  textIn,
  textsIn,
  unknownName,
  type Row,
} from './answers.ts'
import { credentialOf } from './credential.ts'

/** `<location>-docker.pkg.dev`: Artifact Registry, whose names are `<project>/<repository>/<image>`. */
const artifactRegistry = /^([a-z0-9-]+)-docker\.pkg\.dev$/
const apiUrl = 'https://artifactregistry.googleapis.com'

const hosts = 'gcr.io us.gcr.io eu.gcr.io asia.gcr.io us-docker.pkg.dev europe-docker.pkg.dev asia-docker.pkg.dev'

/**
 * Google's Container Registry (gcr.io), which lists everything on /v2, and Artifact Registry, whose API lists
 * repositories and packages (https://cloud.google.com/artifact-registry/docs/reference/rest). Both tell digests with
 * the tags, and delete a tag by DELETE on /v2.
 */
export const googleGcr: Adapter = {
  type: 'google-gcr',
  info: {
    resources: ['image'],
    endpoints: {
      isFixed: false,
      urls: hosts.split(' ').map((host) => ({ key: host, url: `https://${host}` })),
    },
    secretFileKey: '_json_key',
  },

  locate(address, lent) {
    const [, location] = artifactRegistry.exec(new URL(address.url).hostname) ?? []
    const here = { url: address.url, credential: credentialOf(address) }
    if (location === undefined) return here
    return { ...here, vendor: { url: apiUrl, credential: bearerOf(address, lent.api) }, facts: { location } }
  },

  async *list(reach, wanted) {
    if (!reach.facts['location']) yield* reach.remote.repositories()
    else yield* packagesOf(reach, wanted)
  },

  /** The answer has the images by digest, each with its tags, beside the standard's list. It is one page. */
  async *artifacts({ remote }, name) {
    const path = `/v2/${name}/tags/list`
    const authorization = { scope: `repository:${name}:pull` }
    const reply = await remote.api({ path, authorization, expects: [200, 404] })
    if (isAbsent(reply)) throw unknownName(name)
    yield* listed(reply, remote, path)
  },

  /** gcr.io makes what is pushed to; in Artifact Registry the repository must exist. */
  async prepare(reach, repositories) {
    if (!reach.facts['location']) return
    for (const place of new Set(repositories.map(({ name }) => name.split('/').slice(0, 2).join('/'))))
      await makeRepository(reach, place)
  },
}

function* listed(reply: ApiReply, remote: Remote, call: string): Generator<ListedArtifact> {
  const images = rowIn(reply)['manifest']
  // A mirror in between may leave out what is Google's own.
  if (!isRow(images)) for (const tag of textsIn(reply, remote, call, 'tags')) yield* listedTag(tag)
  else
    for (const [digest, about] of Object.entries(images)) {
      const tags = isRow(about) && Array.isArray(about['tag']) ? about['tag'] : []
      // Those without tags are left out: children of indexes, and what a moved tag left behind.
      const all = tags.flatMap((tag) => listedTag(tag, digest))
      if (all[0]) yield { ...all[0], tags: all.flatMap((one) => one.tags) }
    }
}

/** Names of packages in the repositories that are wanted, by the API. */
async function* packagesOf(reach: Reach, { prefix }: Wanted): AsyncGenerator<RepositoryName> {
  const project = prefix.includes('/') ? prefix.split('/', 1)[0]! : projectOf(reach)
  const parent = `/v1/projects/${project}/locations/${reach.facts['location']}/repositories`
  for await (const repository of pages(reach, parent, 'repositories')) {
    if (textIn(repository, 'format') !== 'DOCKER') continue
    const name = lastPart(textIn(repository, 'name'))
    for await (const one of pages(reach, `${parent}/${name}/packages`, 'packages'))
      // The slashes of an image's name are escaped in the name of its package.
      yield* asNames([`${project}/${name}/${decodeURIComponent(lastPart(textIn(one, 'name')))}`])
  }
}

const lastPart = (path: string) => path.slice(path.lastIndexOf('/') + 1)

/** The project of the service account. */
function projectOf({ address, remote }: Reach): string {
  const project = textIn(accountIn(address) ?? {}, 'project_id')
  if (project) return project
  const why = 'begin the name filter with a project: the credential is no key file that names one'
  throw refused(remote, 'projects.locations.repositories.list', 400, why)
}

async function* pages({ vendor }: Reach, path: string, key: string): AsyncGenerator<Row> {
  yield* paged(vendor, path, async (token) => {
    const query = `?pageSize=1000${token === undefined ? '' : `&pageToken=${encodeURIComponent(token)}`}`
    const reply = await vendor.api({ path: path + query })
    return { rows: rowsIn(reply, vendor, path, key, true), next: textIn(rowIn(reply), 'nextPageToken') || undefined }
  })
}

async function makeRepository({ vendor, facts }: Reach, place: string): Promise<void> {
  const [project, id] = place.split('/') as [string, string]
  const parent = `/v1/projects/${project}/locations/${facts['location']}/repositories`
  if ((await vendor.api({ path: `${parent}/${id}`, expects: [200, 404] })).status === 200) return
  const path = `${parent}?repositoryId=${id}`
  const body = { format: 'DOCKER' }
  const reply = await vendor.api({ method: 'POST', path, body, expects: [200, 409], isRepeatable: true })
  // The answer is a long-running operation: it is done when it says so.
  const operation = textIn(rowIn(reply), 'name')
  for (let tries = 0; reply.status === 200 && tries < 60; tries++) {
    const { done } = (await vendor.api({ path: `/v1/${operation}` })).json<Row>()
    if (done === true) return
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

/** The service account of a key file; undefined for another credential. */
function accountIn({ accessKey, accessSecret }: Address): Row | undefined {
  if (!accessKey.startsWith('_json_key')) return undefined
  const text = accessKey === '_json_key_base64' ? Buffer.from(accessSecret, 'base64').toString() : accessSecret
  try {
    const account: unknown = JSON.parse(text)
    return isRow(account) ? account : undefined
  } catch {
    return undefined
  }
}

/** A token for Google's APIs: by the key of a service account (RFC 7523), or the access token that was saved. */
function bearerOf(address: Address, api: Lent['api']) {
  const account = accountIn(address)
  if (!account)
    return address.accessSecret === '' ? undefined : ({ kind: 'bearer', token: address.accessSecret } as const)
  return {
    kind: 'fresh' as const,
    async fresh(): Promise<{ proof: Proof; endsAt: Date }> {
      const reply = await api({
        method: 'POST',
        path: textIn(account, 'token_uri') || 'https://oauth2.googleapis.com/token',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
          assertion: assertionOf(account),
        }).toString(),
        authorization: 'none',
        isRepeatable: true,
      })
      const { access_token: token, expires_in: seconds } = rowIn(reply)
      const endsAt = new Date(Date.now() + (Number(seconds) || 300) * 1000)
      return { proof: { kind: 'bearer', token: String(token) }, endsAt }
    },
  }
}

function assertionOf(account: Row): string {
  const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: textIn(account, 'client_email'),
    aud: textIn(account, 'token_uri') || 'https://oauth2.googleapis.com/token',
    scope: 'https://www.googleapis.com/auth/cloud-platform',
    iat: now,
    exp: now + 3600,
  }
  const unsigned = `${encoded({ alg: 'RS256', typ: 'JWT' })}.${encoded(claims)}`
  const signature = createSign('RSA-SHA256').update(unsigned).sign(textIn(account, 'private_key'), 'base64url')
  return `${unsigned}.${signature}`
}

import { createPublicKey, createVerify, generateKeyPairSync } from 'node:crypto'
import { pageRows, type Answer, type Asked, type Route, type StandIn } from './stand-in.suite.ts'
import type { Backing } from './backing.suite.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const keyFile = (url: string) =>
  JSON.stringify({
    type: 'service_account',
    project_id: 'none',
    client_email: 'robot@none.iam.gserviceaccount.com',
    private_key: privateKey,
    token_uri: `${url}/token`,
  })

/** The list of tags with the images by digest, which both of Google's registries give. */
const tagsRoute = (backing: Backing, isLetIn: (headers: Asked['headers']) => boolean, challenge: Answer): Route => [
  /^GET \/v2\/(.+)\/tags\/list$/,
  async ({ match: [name = ''], headers }) => {
    if (!isLetIn(headers)) return challenge
    const tags = await backing.tags(name)
    if (!tags) return { status: 404, json: { errors: [{ code: 'NAME_UNKNOWN' }] } }
    const manifest: Record<string, { tag: string[] }> = { [`sha256:${'0'.repeat(64)}`]: { tag: [] } }
    for (const one of tags) (manifest[one.digest] ??= { tag: [] }).tag.push(one.name)
    return { json: { name, child: [], manifest, tags: tags.map((one) => one.name) } }
  },
]

const challengeOf = (url: string, service: string): Answer => ({
  status: 401,
  headers: { 'www-authenticate': `Bearer realm="${url}/jwt/auth",service="${service}"` },
  json: { errors: [{ code: 'UNAUTHORIZED' }] },
})

/** gcr.io. */
export const googleGcrStandIn: StandIn = {
  type: 'google-gcr',
  kind: 'gcr.io',
  saved: (url) => ({ accessKey: '_json_key', accessSecret: keyFile(url) }),
  listsDigests: true,
  makesNamespaces: false,
  open: (backing, { url, isLetIn }) => ({
    login: { username: '_json_key', password: keyFile(url) },
    service: 'gcr.io',
    routes: [tagsRoute(backing, isLetIn, challengeOf(url, 'gcr.io'))],
  }),
}

/** Artifact Registry (https://cloud.google.com/artifact-registry/docs/reference/rest/v1). */
export const artifactRegistryStandIn: StandIn = {
  type: 'google-gcr',
  kind: 'Artifact Registry',
  hosts: ['https://europe-docker.pkg.dev', 'https://artifactregistry.googleapis.com'],
  saved: (url) => ({ accessKey: '_json_key', accessSecret: keyFile(url) }),
  nameOf: (namespace, app) => `${namespace}/images/${app}`,
  listsDigests: true,
  listsAll: false,
  leavesOutEmptyLists: true,
  makesNamespaces: true,
  open(backing, { url, isLetIn }) {
    const made = new Set<string>()
    const known: Known = async (project) => {
      const names = (await backing.repositories(project)).map((name) => name.split('/')[1]!)
      const own = [...made].filter((one) => one.startsWith(`${project}/`)).map((one) => one.split('/')[1]!)
      return [...new Set([...names, ...own])]
    }
    return {
      login: { username: '_json_key', password: keyFile(url) },
      service: 'pkg.dev',
      hidesService: true,
      mayPush: async (name) => (await known(name.split('/')[0]!)).includes(name.split('/')[1]!),
      routes: [
        tagsRoute(backing, isLetIn, challengeOf(url, 'pkg.dev')),
        tokenRoute(url),
        ...lists(backing, known),
        ...making(backing, made),
      ],
    }
  },
}

type Known = (project: string) => Promise<string[]>

const base = '/v1/projects/([^/]+)/locations/europe/repositories'
const forToken = (handle: (asked: Asked) => Promise<Answer>) => async (asked: Asked) =>
  asked.headers.authorization === 'Bearer ya29.token' ? handle(asked) : { status: 401, json: { error: { code: 401 } } }

function page({ query }: Asked, rows: object[], key: string): Answer {
  const start = Number(query.get('pageToken') ?? 0)
  const end = start + pageRows
  return { json: { [key]: rows.slice(start, end), ...(end < rows.length && { nextPageToken: String(end) }) } }
}

const tokenRoute = (url: string): Route => [
  /^POST \/token$/,
  ({ text }) =>
    isAssertion(text, url)
      ? { json: { access_token: 'ya29.token', expires_in: 3599 } }
      : { status: 400, json: { error: 'invalid_grant' } },
]

const lists = (backing: Backing, known: Known): Route[] => [
  [
    new RegExp(`^GET ${base}$`),
    forToken(async (asked) => {
      const project = asked.match[0]!
      const rows = (await known(project)).map((id) => ({
        name: `projects/${project}/locations/europe/repositories/${id}`,
        format: 'DOCKER',
      }))
      return page(asked, [{ name: 'x/maven', format: 'MAVEN' }, ...rows], 'repositories')
    }),
  ],
  [
    new RegExp(`^GET ${base}/([^/]+)$`),
    forToken(async ({ match: [project = '', id = ''] }) =>
      (await known(project)).includes(id) ? { json: { name: id } } : { status: 404, json: {} },
    ),
  ],
  [
    new RegExp(`^GET ${base}/([^/]+)/packages$`),
    forToken(async (asked) => {
      const [project = '', id = ''] = asked.match
      const names = (await backing.repositories(project)).filter((name) => name.split('/')[1] === id)
      const rows = names.map((name) => ({
        name: `projects/${project}/packages/${encodeURIComponent(name.split('/').slice(2).join('/'))}`,
      }))
      return page(asked, rows, 'packages')
    }),
  ],
]

/** A repository is made by a long-running operation, which is done when it is asked a second time. */
function making(backing: Backing, made: Set<string>): Route[] {
  const operations = new Map<string, number>()
  return [
    [
      new RegExp(`^POST ${base}$`),
      forToken(async ({ match: [project = ''], query }) => {
        if (!(await backing.namespaces()).includes(project)) await backing.makeNamespace(project)
        made.add(`${project}/${query.get('repositoryId')}`)
        const name = `projects/${project}/operations/1`
        operations.set(name, 0)
        return { json: { name } }
      }),
    ],
    [
      /^GET \/v1\/(projects\/[^/]+\/operations\/1)$/,
      forToken(async ({ match: [name = ''] }) => {
        const asked = operations.get(name)!
        operations.set(name, asked + 1)
        return { json: asked > 0 ? { name, done: true } : { name } }
      }),
    ],
  ]
}

/** A token request with an assertion that the key of the account signed (RFC 7523). */
function isAssertion(text: string, url: string): boolean {
  const form = new URLSearchParams(text)
  const [head = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.')
  const isSigned = createVerify('RSA-SHA256')
    .update(`${head}.${claims}`)
    .verify(createPublicKey(publicKey), signature, 'base64url')
  const { aud, iss } = JSON.parse(Buffer.from(claims, 'base64url').toString() || '{}') as Record<string, unknown>
  return isSigned && aud === `${url}/token` && iss === 'robot@none.iam.gserviceaccount.com'
}

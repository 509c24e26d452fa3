import type { Backing } from './backing.suite.ts'
import { pageOf, type Answer, type Asked, type Route, type StandIn } from './stand-in.suite.ts'

const login = { username: 'anna', password: 'dckr_pat_Secret-1' }
const jwt = 'jwt-of-the-hub'

/** Docker Hub (https://docs.docker.com/reference/api/hub/latest/): the registry and the API are two hosts. */
export const dockerHubStandIn: StandIn = {
  type: 'docker-hub',
  hosts: ['https://hub.docker.com', 'https://registry-1.docker.io'],
  saved: () => ({ accessKey: login.username, accessSecret: login.password }),
  listsDigests: true,
  makesNamespaces: true,
  open: (backing, { url }) => ({
    login,
    service: 'registry.docker.io',
    routes: [signIn, ...lists(backing, url), ...changes(backing)],
  }),
}

const signIn: Route = [
  /^POST \/v2\/auth\/token$/,
  ({ body }) =>
    body['identifier'] === login.username && body['secret'] === login.password
      ? { json: { access_token: jwt } }
      : { status: 401, json: { detail: 'Incorrect authentication credentials' } },
]

const forMembers = (handle: (asked: Asked) => Promise<Answer>) => async (asked: Asked) =>
  asked.headers.authorization === `Bearer ${jwt}`
    ? handle(asked)
    : { status: 401, json: { message: 'authentication required', errinfo: {} } }

const lists = (backing: Backing, url: string): Route[] => {
  const page = (asked: Asked, all: object[]): Answer => {
    const number = Number(asked.query.get('page'))
    const { rows, isLast } = pageOf(all, number)
    const next = isLast ? null : `${url}${asked.url.pathname}?page=${number + 1}`
    return { json: { count: all.length, next, previous: null, results: rows } }
  }
  return [
    [
      /^GET \/v2\/repositories\/namespaces$/,
      forMembers(async () => ({ json: { namespaces: await backing.namespaces() } })),
    ],
    [
      /^GET \/v2\/namespaces\/([^/]+)\/repositories$/,
      forMembers(async (asked) => {
        const [namespace] = asked.match
        const names = await backing.repositories(namespace)
        return page(
          asked,
          names.map((name) => ({ name: name.split('/')[1], namespace })),
        )
      }),
    ],
    [
      /^GET \/v2\/namespaces\/([^/]+)\/repositories\/([^/]+)\/tags$/,
      forMembers(async (asked) => {
        const tags = await backing.tags(asked.match.join('/'))
        return tags ? page(asked, tags) : { status: 404, json: { message: 'object not found', errinfo: {} } }
      }),
    ],
  ]
}

const changes = (backing: Backing): Route[] => [
  [
    /^GET \/v2\/orgs\/([^/]+)\/$/,
    forMembers(async ({ match: [name = ''] }) =>
      (await backing.namespaces()).includes(name) ? { json: { orgname: name } } : { status: 404, json: {} },
    ),
  ],
  [
    /^POST \/v2\/orgs\/$/,
    forMembers(async ({ body }) => {
      await backing.makeNamespace(String(body['orgname']))
      return { status: 201, json: { orgname: body['orgname'] } }
    }),
  ],
  [
    /^DELETE \/v2\/repositories\/([^/]+)\/([^/]+)\/tags\/([^/]+)\/$/,
    forMembers(async ({ match: [namespace, name, tag = ''] }) => ({
      status: (await backing.deleteTag(`${namespace}/${name}`, tag)) ? 204 : 404,
    })),
  ],
]

import type { Backing } from './backing.suite.ts'
import { pageOf, pageRows, type Answer, type Asked, type Route, type StandIn } from './stand-in.suite.ts'

const login = { username: 'anna+robot', password: 'ROBOTPASSWORD' }
const token = 'oauth2-token-of-quay'

/** Quay with a token for its API (https://docs.quay.io/api/). */
export const quayStandIn: StandIn = {
  type: 'quay',
  kind: 'with a token file',
  saved: () => ({
    accessKey: 'json_file',
    accessSecret: JSON.stringify({
      account_name: login.username,
      docker_cli_password: login.password,
      oauth2_token: token,
    }),
  }),
  listsDigests: true,
  makesNamespaces: true,
  open: (backing) => ({
    login,
    service: 'quay.test',
    mayPush: async (name) => (await backing.namespaces()).includes(name.split('/')[0]!),
    routes: [...repositories(backing), ...organizations(backing)],
  }),
}

const guarded = (handle: (asked: Asked) => Promise<Answer>) => async (asked: Asked) =>
  asked.headers.authorization === `Bearer ${token}`
    ? handle(asked)
    : { status: 401, json: { error_type: 'invalid_token' } }
const absent: Answer = { status: 404, json: { error_type: 'not_found' } }

const repositories = (backing: Backing): Route[] => [
  [
    /^GET \/api\/v1\/repository$/,
    guarded(async ({ query }) => {
      const start = Number(query.get('next_page') ?? 0)
      const names = await backing.repositories(query.get('namespace') ?? '')
      const rows = names.map((name) => ({ name: name.slice(name.indexOf('/') + 1) }))
      const end = start + pageRows
      const more = end < rows.length && { next_page: String(end) }
      return { json: { repositories: rows.slice(start, end), ...more } }
    }),
  ],
  [
    /^GET \/api\/v1\/repository\/(.+)\/tag\/$/,
    guarded(async ({ match: [name = ''], query }) => {
      const tags = await backing.tags(name)
      if (!tags) return absent
      const all = tags.map((one) => ({ name: one.name, manifest_digest: one.digest }))
      const { rows, isLast } = pageOf(all, Number(query.get('page')))
      return { json: { tags: rows, has_additional: !isLast } }
    }),
  ],
  [
    /^DELETE \/api\/v1\/repository\/(.+)\/tag\/([^/]+)$/,
    guarded(async ({ match: [name = '', tag = ''] }) =>
      (await backing.deleteTag(name, tag)) ? { status: 204 } : absent,
    ),
  ],
]

const organizations = (backing: Backing): Route[] => [
  [
    /^GET \/api\/v1\/user\/$/,
    guarded(async () => ({
      json: { username: 'anna', organizations: (await backing.namespaces()).map((name) => ({ name })) },
    })),
  ],
  [
    /^GET \/api\/v1\/organization\/([^/]+)$/,
    guarded(async ({ match: [name = ''] }) =>
      (await backing.namespaces()).includes(name) ? { json: { name } } : absent,
    ),
  ],
  [
    /^POST \/api\/v1\/organization\/$/,
    guarded(async ({ body }) => {
      await backing.makeNamespace(String(body['name']))
      return { status: 201, json: 'Created' }
    }),
  ],
]

/** Quay with a robot's login alone: a plain registry. */
export const quayLoginStandIn: StandIn = {
  ...quayStandIn,
  kind: 'with a login',
  saved: () => ({ accessKey: login.username, accessSecret: login.password }),
  listsDigests: false,
  makesNamespaces: false,
  open: () => ({ login, service: 'quay.test', routes: [] }),
}

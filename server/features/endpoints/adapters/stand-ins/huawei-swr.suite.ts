import { hmac, signForHuawei } from '../sign.ts'
import type { Backing } from './backing.suite.ts'
import { signableOf, timeOf } from './signed.suite.ts'
import { pageRows, type Answer, type Asked, type Route, type StandIn } from './stand-in.suite.ts'
import { basic } from '../../../../testing/http.ts'

const keys = { id: 'HWAKTEST', secret: 'secret-of-HWAK' }
const login = { username: `region@${keys.id}`, password: hmac(keys.secret, keys.id).toString('hex') }

/** The documented API, with signatures (https://support.huaweicloud.com/intl/en-us/api-swr/). */
export const huaweiSwrStandIn: StandIn = {
  type: 'huawei-SWR',
  kind: 'with an access key',
  saved: () => ({ accessKey: keys.id, accessSecret: keys.secret }),
  listsDigests: true,
  makesNamespaces: true,
  open: (backing) => ({
    login,
    mayPush: (name) => hasNamespace(backing, name),
    routes: routesOf(backing, '/v2/manage', 'repos', (asked) => {
      const at = timeOf(asked.headers['x-sdk-date'])
      return asked.headers.authorization === signForHuawei(signableOf(asked, ['x-sdk-date']), keys, at).authorization
    }),
  }),
}

/** The older API, with docker's login, as Harbor uses it. */
export const huaweiLoginStandIn: StandIn = {
  ...huaweiSwrStandIn,
  kind: "with docker's login",
  saved: () => ({ accessKey: login.username, accessSecret: login.password }),
  listsDigests: false,
  open: (backing) => ({
    login,
    mayPush: (name) => hasNamespace(backing, name),
    routes: routesOf(
      backing,
      '/dockyard/v2',
      'repositories',
      ({ headers }) => headers.authorization === basic({ name: login.username, password: login.password }),
    ),
  }),
}

const hasNamespace = async (backing: Backing, name: string) =>
  (await backing.namespaces()).includes(name.split('/')[0]!)

const nameIn = ([namespace, app = '']: string[]) => `${namespace}/${app.replaceAll('$', '/')}`
const absent: Answer = { status: 404, json: { errors: [{ errorCode: 'SVCSTG.SWR.4040001' }] } }

function page({ query }: Asked, rows: object[]): Answer {
  const [, offset = '0'] = /offset::(\d+)/.exec(query.get('filter') ?? '') ?? []
  return { json: rows.slice(Number(offset), Number(offset) + pageRows) }
}

type Guard = (handle: (asked: Asked) => Promise<Answer>) => Route[1]

function routesOf(backing: Backing, base: string, list: string, isLetIn: (asked: Asked) => boolean): Route[] {
  const guarded: Guard = (handle) => async (asked) =>
    isLetIn(asked) ? handle(asked) : { status: 401, json: { errors: [{ errorCode: 'SVCSTG.SWR.4010001' }] } }
  return [...repositories(backing, base, list, guarded), ...namespaces(backing, base, guarded)]
}

const repositories = (backing: Backing, base: string, list: string, guarded: Guard): Route[] => [
  [
    new RegExp(`^GET ${base}/${list}$`),
    guarded(async (asked) => {
      const [, only] = /namespace::([^|]+)/.exec(asked.query.get('filter') ?? '') ?? []
      const names = await backing.repositories(only)
      return page(
        asked,
        names.map((name) => ({ namespace: name.split('/')[0], name: name.split('/').slice(1).join('/') })),
      )
    }),
  ],
  [
    new RegExp(`^GET ${base}/namespaces/([^/]+)/repos/([^/]+)/tags$`),
    guarded(async (asked) => {
      const tags = await backing.tags(nameIn(asked.match))
      if (!tags) return absent
      return page(
        asked,
        tags.map(({ name, digest }) => ({ Tag: name, digest })),
      )
    }),
  ],
  [
    new RegExp(`^DELETE ${base}/namespaces/([^/]+)/repos/([^/]+)/tags/([^/]+)$`),
    guarded(async ({ match }) => ((await backing.deleteTag(nameIn(match), match[2]!)) ? { status: 204 } : absent)),
  ],
]

const namespaces = (backing: Backing, base: string, guarded: Guard): Route[] => [
  [
    new RegExp(`^GET ${base}/namespaces/([^/]+)$`),
    guarded(async ({ match: [name = ''] }) =>
      (await backing.namespaces()).includes(name) ? { json: { id: 1, name } } : absent,
    ),
  ],
  [
    new RegExp(`^POST ${base}/namespaces$`),
    guarded(async ({ body }) => {
      await backing.makeNamespace(String(body['namespace']))
      return { status: 201 }
    }),
  ],
]

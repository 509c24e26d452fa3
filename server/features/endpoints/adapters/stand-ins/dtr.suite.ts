import { basic } from '../../../../testing/http.ts'
import type { Backing } from './backing.suite.ts'
import { pageRows, type Answer, type Asked, type Route, type StandIn } from './stand-in.suite.ts'

const login = { username: 'anna', password: 'Secret-of-dtr' }

/** Docker Trusted Registry 2 (API v0, https://docs.mirantis.com/msr/): no push makes a repository. */
export const dtrStandIn: StandIn = {
  type: 'dtr',
  saved: () => ({ accessKey: login.username, accessSecret: login.password }),
  listsDigests: true,
  makesNamespaces: true,
  open(backing) {
    const made = new Set<string>()
    const known: Known = async (namespace) => {
      const all = new Set([...(await backing.repositories(namespace)), ...made])
      return [...all].filter((name) => !namespace || name.startsWith(`${namespace}/`))
    }
    return {
      login,
      service: 'dtr.test',
      mayPush: async (name) => (await known()).includes(name),
      routes: [...repositories(backing, known, made), ...accounts(backing)],
    }
  },
}

type Known = (namespace?: string) => Promise<string[]>

const guarded = (handle: (asked: Asked) => Promise<Answer>) => async (asked: Asked) =>
  asked.headers.authorization === basic({ name: login.username, password: login.password })
    ? handle(asked)
    : { status: 401, json: { errors: [{ code: 'UNAUTHORIZED' }] } }

function page({ query }: Asked, rows: object[], wrap: (page: object[]) => unknown): Answer {
  const start = Number(query.get('pageStart') ?? 0)
  const end = start + pageRows
  const headers: Record<string, string> = end < rows.length ? { 'x-next-page-start': String(end) } : {}
  return { json: wrap(rows.slice(start, end)), headers }
}

const absent: Answer = { status: 404, json: { errors: [{ code: 'NO_SUCH_REPOSITORY' }] } }

function repositories(backing: Backing, known: Known, made: Set<string>): Route[] {
  const list = guarded(async (asked) => {
    const names = await known(asked.match[0])
    const rows = names.map((one) => ({ namespace: one.split('/')[0], name: one.split('/')[1] }))
    return page(asked, rows, (found) => ({ repositories: found }))
  })
  return [
    [/^GET \/api\/v0\/repositories$/, list],
    [
      /^GET \/api\/v0\/repositories\/([^/]+\/[^/]+)\/tags$/,
      guarded(async (asked) => {
        const tags = await backing.tags(asked.match[0]!)
        return tags ? page(asked, tags, (rows) => rows) : absent
      }),
    ],
    [
      /^DELETE \/api\/v0\/repositories\/([^/]+\/[^/]+)\/tags\/([^/]+)$/,
      guarded(async ({ match: [name = '', tag = ''] }) =>
        (await backing.deleteTag(name, tag)) ? { status: 204 } : absent,
      ),
    ],
    [
      /^GET \/api\/v0\/repositories\/([^/]+\/[^/]+)$/,
      guarded(async ({ match: [name = ''] }) => ((await known()).includes(name) ? { json: { name } } : absent)),
    ],
    [/^GET \/api\/v0\/repositories\/([^/]+)$/, list],
    [
      /^POST \/api\/v0\/repositories\/([^/]+)$/,
      guarded(async ({ match: [namespace = ''], body }) => {
        made.add(`${namespace}/${String(body['name'])}`)
        return { status: 201, json: {} }
      }),
    ],
  ]
}

const accounts = (backing: Backing): Route[] => [
  [
    /^GET \/enzi\/v0\/accounts\/([^/]+)$/,
    guarded(async ({ match: [name = ''] }) =>
      (await backing.namespaces()).includes(name) ? { json: { name } } : absent,
    ),
  ],
  [
    /^POST \/enzi\/v0\/accounts$/,
    guarded(async ({ body }) => {
      await backing.makeNamespace(String(body['name']))
      return { status: 201, json: {} }
    }),
  ],
]

import type { Backing } from './backing.suite.ts'
import { pageOf, type Answer, type Asked, type Route, type StandIn } from './stand-in.suite.ts'

const login = { username: 'anna', password: 'glpat-secret' }

/**
 * GitLab (https://docs.gitlab.com/api/container_registry/). Here each repository belongs to a project of the same name,
 * in a group.
 */
export const gitlabStandIn: StandIn = {
  type: 'gitlab',
  saved: () => ({ accessKey: login.username, accessSecret: login.password }),
  listsDigests: false,
  makesNamespaces: false,
  open: (backing) => ({ login, service: 'container_registry', routes: routesOf(backing, openIds()) }),
}

const guarded = (handle: (asked: Asked) => Promise<Answer>) => async (asked: Asked) =>
  asked.headers['private-token'] === login.password
    ? handle(asked)
    : { status: 401, json: { message: '401 Unauthorized' } }

function page({ query }: Asked, all: object[]): Answer {
  const number = Number(query.get('page'))
  const { rows, isLast } = pageOf(all, number)
  return { json: rows, headers: { 'x-next-page': isLast ? '' : String(number + 1) } }
}

const absent: Answer = { status: 404, json: { message: '404 Project Not Found' } }

const routesOf = (backing: Backing, ids: ReturnType<typeof openIds>): Route[] => [
  [
    /^GET \/api\/v4\/projects$/,
    guarded(async (asked) => {
      const search = asked.query.get('search') ?? ''
      const names = (await backing.repositories()).filter((name) => name.includes(search))
      return page(
        asked,
        names.map((name) => ({ id: ids.of(name), path_with_namespace: name, container_registry_enabled: true })),
      )
    }),
  ],
  [
    /^GET \/api\/v4\/projects\/([^/]+)$/,
    guarded(async ({ match: [path = ''] }) =>
      (await backing.repositories()).includes(path) ? { json: { id: ids.of(path) } } : absent,
    ),
  ],
  [
    /^GET \/api\/v4\/projects\/(\d+)\/registry\/repositories$/,
    guarded(async (asked) => {
      const path = ids.nameOf(Number(asked.match[0]))
      const hasAny = path !== undefined && (await backing.tags(path)) !== undefined
      return page(asked, hasAny ? [{ id: Number(asked.match[0]) + 1000, name: '', path }] : [])
    }),
  ],
  [
    /^DELETE \/api\/v4\/projects\/(\d+)\/registry\/repositories\/(\d+)\/tags\/([^/]+)$/,
    guarded(async ({ match: [id, , tag = ''] }) =>
      (await backing.deleteTag(ids.nameOf(Number(id))!, tag)) ? { status: 200, json: {} } : absent,
    ),
  ],
]

/** Numbers for projects. */
function openIds() {
  const names: string[] = []
  return {
    of(name: string): number {
      if (!names.includes(name)) names.push(name)
      return names.indexOf(name) + 1
    },
    nameOf: (id: number): string | undefined => names[id - 1],
  }
}

import { pageRows, type Answer, type Asked, type StandIn } from './stand-in.suite.ts'

const login = { username: 'anna', password: 'ghp_secret' }

/** GitHub: the registry and the API are two hosts (https://docs.github.com/rest/packages). It has no catalogue. */
export const githubGhcrStandIn: StandIn = {
  type: 'github-ghcr',
  hosts: ['https://ghcr.io', 'https://api.github.com'],
  saved: () => ({ accessKey: login.username, accessSecret: login.password }),
  listsDigests: false,
  makesNamespaces: false,
  open(backing, { url }) {
    const guarded = (handle: (asked: Asked) => Promise<Answer>) => async (asked: Asked) =>
      asked.headers.authorization === `Bearer ${login.password}`
        ? handle(asked)
        : { status: 401, json: { message: 'Bad credentials' } }
    const list = async (asked: Asked, owner?: string): Promise<Answer> => {
      const page = Number(asked.query.get('page') ?? 1)
      const all = (await backing.repositories(owner)).map((name) => ({
        name: name.slice(name.indexOf('/') + 1),
        package_type: 'container',
        owner: { login: name.split('/')[0] },
      }))
      const isLast = page * pageRows >= all.length
      const next = `<${url}${asked.url.pathname}?package_type=container&page=${page + 1}>; rel="next"`
      return { json: all.slice((page - 1) * pageRows, page * pageRows), ...(!isLast && { headers: { link: next } }) }
    }
    return {
      login,
      service: 'ghcr.io',
      routes: [
        [/^GET \/v2\/_catalog$/, () => ({ status: 404, json: { errors: [{ code: 'UNSUPPORTED' }] } })],
        [/^GET \/users\/([^/]+)$/, guarded(async ({ match: [login] }) => ({ json: { login, type: 'Organization' } }))],
        [/^GET \/orgs\/([^/]+)\/packages$/, guarded((asked) => list(asked, asked.match[0]))],
        [/^GET \/user\/packages$/, guarded((asked) => list(asked))],
      ],
    }
  },
}

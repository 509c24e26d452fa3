import { pageRows, type Asked, type StandIn } from './stand-in.suite.ts'

const login = { username: 'registry', password: 'Secret-of-acr' }

/** Azure Container Registry (https://learn.microsoft.com/rest/api/containerregistry/tag). */
export const azureAcrStandIn: StandIn = {
  type: 'azure-acr',
  saved: () => ({ accessKey: login.username, accessSecret: login.password }),
  listsDigests: true,
  makesNamespaces: false,
  open(backing, { url, isLetIn }) {
    const refused = { status: 401, headers: challengeOf(url), json: { errors: [{ code: 'UNAUTHORIZED' }] } }
    const guarded = (handle: (asked: Asked) => Promise<object>) => (asked: Asked) =>
      isLetIn(asked.headers) ? handle(asked) : refused
    return {
      login,
      service: 'test.azurecr.io',
      routes: [
        [
          /^GET \/acr\/v1\/(.+)\/_tags$/,
          guarded(async ({ match: [name = ''], query, url: { pathname } }) => {
            const tags = (await backing.tags(name))?.sort((a, b) => (a.name < b.name ? -1 : 1))
            if (!tags) return { status: 404, json: { errors: [{ code: 'NAME_UNKNOWN' }] } }
            const rest = tags.filter((one) => one.name > (query.get('last') ?? ''))
            const page = rest.slice(0, pageRows)
            const next = `<${pathname}?last=${page.at(-1)?.name}&n=${pageRows}>; rel="next"`
            return {
              json: { registry: 'test', imageName: name, tags: page },
              ...(rest.length > pageRows && { headers: { link: next } }),
            }
          }),
        ],
        [
          /^DELETE \/acr\/v1\/(.+)\/_tags\/([^/]+)$/,
          guarded(async ({ match: [name = '', tag = ''] }) => ({
            status: (await backing.deleteTag(name, tag)) ? 202 : 404,
          })),
        ],
      ],
    }
  },
}

const challengeOf = (url: string) => ({
  'www-authenticate': `Bearer realm="${url}/jwt/auth",service="test.azurecr.io"`,
})

import { basic } from '../../../../testing/http.ts'
import { pageRows, type Answer, type Asked, type StandIn } from './stand-in.suite.ts'

const login = { username: 'anna', password: 'cmVmdGtuOjAx' }

/** JFrog Artifactory (https://jfrog.com/help/r/jfrog-rest-apis): repositories are the first part of a name. */
export const jfrogArtifactoryStandIn: StandIn = {
  type: 'jfrog-artifactory',
  saved: () => ({ accessKey: login.username, accessSecret: login.password }),
  listsDigests: false,
  makesNamespaces: true,
  open(backing) {
    const guarded = (handle: (asked: Asked) => Promise<Answer>) => async (asked: Asked) =>
      asked.headers.authorization === basic({ name: login.username, password: login.password })
        ? handle(asked)
        : { status: 401, json: { errors: [{ status: 401, message: 'Bad credentials' }] } }
    return {
      login,
      service: 'artifactory',
      mayPush: async (name) => (await backing.namespaces()).includes(name.split('/')[0]!),
      routes: [
        [
          /^GET \/artifactory\/api\/repositories$/,
          guarded(async () => ({
            json: [
              { key: 'npm-local', type: 'LOCAL', packageType: 'Npm' },
              ...(await backing.namespaces()).map((key) => ({ key, type: 'LOCAL', packageType: 'Docker' })),
            ],
          })),
        ],
        [
          /^PUT \/artifactory\/api\/repositories\/([^/]+)$/,
          guarded(async ({ match: [key = ''], body }) => {
            if (body['rclass'] !== 'local' || body['packageType'] !== 'docker') return { status: 400, json: {} }
            await backing.makeNamespace(key)
            return { status: 200, text: `Successfully created repository '${key}'` }
          }),
        ],
        [
          /^GET \/artifactory\/api\/docker\/([^/]+)\/v2\/_catalog$/,
          guarded(async ({ match: [key = ''], query, url: { pathname } }) => {
            const names = (await backing.repositories(key)).map((name) => name.slice(key.length + 1))
            const rest = names.filter((name) => name > (query.get('last') ?? ''))
            const page = rest.slice(0, pageRows)
            const next = `<${pathname}?last=${page.at(-1)}&n=${pageRows}>; rel="next"`
            return { json: { repositories: page }, ...(rest.length > pageRows && { headers: { link: next } }) }
          }),
        ],
        [
          /^DELETE \/artifactory\/(.+)\/([^/]+)$/,
          guarded(async ({ match: [name = '', tag = ''] }) => ({
            status: (await backing.deleteTag(name, tag)) ? 204 : 404,
          })),
        ],
      ],
    }
  },
}

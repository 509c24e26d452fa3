import { callApi, create, type CallOptions } from '../../testing/api.ts'
import type { Project } from '../../catalog/project.ts'
import { fresh } from '../../testing/given.ts'
import { expectAnswer, type Person } from '../../testing/http.ts'
import { openIssuer, type Issuer } from '../../testing/issuer.ts'
import { openTestMarina, type TestMarina } from '../../testing/server.ts'

export const audience = 'marina.example'
export const exchangeType = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const jwtType = 'urn:ietf:params:oauth:token-type:jwt'
export type Access = { resource: string; action: string }[]
export const right = (action: string, resource = 'repository') => ({ resource, action })
export const push = [right('push'), right('pull')]
/** What a pipeline of the main branch of octo/app is. */
export const main = { audience, repository: 'octo/app', ref: 'refs/heads/main' }
/** The one who comes with a token or a secret as a password. */
export const by = (password: string, name = 'workload'): Person => ({ kind: 'robot', id: 0, name, password })
export const rulesOf = (project: Project) => `/projects/${project.name}/workloads`

type Scene = AsyncDisposable & ReturnType<typeof sceneOf>

/** A Marina and an issuer that it can reach. */
export async function openScene(): Promise<Scene> {
  const issuer = await openIssuer()
  const marina = await openTestMarina({
    MARINA_OUTBOUND_ALLOW: '127.0.0.0/8',
    MARINA_WORKLOAD_KEYS_PAUSE: '0s',
    MARINA_WORKLOAD_FAILURES: '100000',
  })
  return {
    ...sceneOf(marina, issuer),
    async [Symbol.asyncDispose]() {
      await marina[Symbol.asyncDispose]()
      await issuer[Symbol.asyncDispose]()
    },
  }
}

function sceneOf(marina: TestMarina, issuer: Issuer) {
  const call = (method: string, path: string, options?: CallOptions) => callApi(marina, method, path, options)
  const exchange = (token: string, more: object = {}, at = marina) =>
    callApi(at, 'POST', '/workloads/token', {
      body: { grant_type: exchangeType, subject_token_type: jwtType, subject_token: token, ...more },
    })
  const ruleOf = (project: Project, more: object = {}, access: Access = push) => ({
    name: fresh('rule'),
    issuer: issuer.url,
    audience,
    claims: [
      { claim: 'repository', equals: main.repository },
      { claim: 'ref', matches: 'refs/heads/*' },
    ],
    permissions: [{ kind: 'project', namespace: project.name, access }],
    ...more,
  })
  return {
    marina,
    issuer,
    call,
    exchange,
    ruleOf,
    async secretOf(token: string): Promise<Person> {
      const { access_token: secret } = expectAnswer(await exchange(token), 200).json() as { access_token: string }
      return by(secret)
    },
    givenRule: (project: Project, more: object = {}, access: Access = push, as: Person = marina.admin) =>
      create(marina, rulesOf(project), as, ruleOf(project, more, access)),
    /** The actions that the caller gets for a repository at /service/token. */
    async granted(as: Person, name: string, at = marina): Promise<string[]> {
      const token = await at.token(as, `repository:${name}:pull,push,delete`)
      const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as {
        access: { actions: string[] }[]
      }
      return claims.access[0]!.actions
    },
    statusOf: async (as: Person) => (await marina.ask('GET', '/service/token?service=harbor-registry', { as })).status,
  }
}

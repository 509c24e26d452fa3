import { after } from 'node:test'
import { callApi, create, factsSince } from '../../testing/api.ts'
import { openDockerRegistry } from '../../testing/docker-registry.ts'
import { fresh } from '../../testing/given.ts'
import { expectAnswer, type Person } from '../../testing/http.ts'
import { openTestMarina } from '../../testing/server.ts'
import { basicStandIn } from './adapters/stand-ins/plain.suite.ts'
import { openStandIn } from './adapters/stand-ins/stand-in.suite.ts'

export type Shown = {
  id: number
  name: string
  url: string
  type: string
  credential: { type?: string; access_key?: string; access_secret?: string }
  description?: string
  insecure?: boolean
  status: string
  status_text?: string
}

/**
 * A Marina that may call this machine, closed after the file's tests, and registries beside it: `plain` is open to
 * all, `guarded` wants `login`, and at `dead` there is none any more.
 */
export async function openEndpointScene() {
  const opened = new AsyncDisposableStack()
  after(() => opened.disposeAsync())
  const marina = opened.use(await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.1' }))
  const plain = opened.use(await openDockerRegistry())
  const guarded = opened.use(await openStandIn(basicStandIn, marina))
  const login = basicStandIn.saved(guarded.url)
  const call = (method: string, path: string, body?: unknown, as: Person = marina.admin) =>
    callApi(marina, method, path, { as, ...(body === undefined ? {} : { body }) })
  const fields = { type: 'docker-registry', url: plain.url }
  return {
    marina,
    plain,
    guarded,
    login,
    dead: await urlOfNobody(),
    call,
    /** Saves an endpoint, by default of `plain`, and returns its id. */
    make: (more: object = {}): Promise<number> =>
      create(marina, '/registries', marina.admin, { name: fresh('end'), ...fields, ...more }),
    withLogin: (secret = login.accessSecret) => ({
      url: guarded.url,
      credential: { type: 'basic', access_key: login.accessKey, access_secret: secret },
    }),
    show: async (id: number) => expectAnswer(await call('GET', `/registries/${id}`), 200).json() as Shown,
    /** The facts about an endpoint since that one. */
    told: async (since: number, id: number) =>
      (await factsSince(marina, since)).filter(({ payload }) => payload['endpointId'] === id),
    /** The text of a refusal with 400. */
    async refusal(method: string, path: string, body: unknown): Promise<string> {
      const answer = expectAnswer(await call(method, path, body), 400, 'BAD_REQUEST').json()
      return (answer as { errors: { message: string }[] }).errors[0]!.message
    },
  }
}

async function urlOfNobody(): Promise<string> {
  await using registry = await openDockerRegistry()
  return registry.url
}

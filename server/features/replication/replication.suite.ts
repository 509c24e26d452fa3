import { after } from 'node:test'
import { callApi, create } from '../../testing/api.ts'
import { openDockerRegistry } from '../../testing/docker-registry.ts'
import { eventually, expectAnswer, type Answer } from '../../testing/http.ts'
import { fresh } from '../../testing/given.ts'
import { openTestMarina, type TestMarina, type TestSettings } from '../../testing/server.ts'

export type ShownExecution = {
  id: number
  status: string
  status_text: string
  trigger: string
  total: number
  succeed: number
  failed: number
  in_progress: number
  stopped: number
}
type ShownTask = {
  id: number
  status: string
  operation: string
  resource_type: string
  src_resource: string
  dst_resource: string
}

export type Shown = Record<string, unknown> & { id: number; name: string }
export const policiesPath = '/replication/policies'

/** A Marina with a docker-registry as its endpoint, closed after the file's tests, and calls about policies. */
export async function openPolicyScene() {
  const opened = new AsyncDisposableStack()
  after(() => opened.disposeAsync())
  const marina = opened.use(await openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.1' }))
  const docker = opened.use(await openDockerRegistry())
  const endpoint = await givenEndpoint(marina, docker.url, { type: 'docker-registry' })
  const call = (method: string, at: string, body?: unknown, as = marina.admin) =>
    callApi(marina, method, at, { as, body })
  return {
    marina,
    docker,
    endpoint,
    call,
    post: (body: unknown) => call('POST', policiesPath, body),
    read: (id: number) => get<Shown>(marina, `${policiesPath}/${id}`),
    /** The least that a policy needs. */
    least: () => ({ name: fresh('policy'), dest_registry: { id: endpoint } }),
  }
}

/** Two Marinas, closed after the file's tests; `toThere` is the second one as an endpoint of the first. */
export async function openPairScene(settings: TestSettings = {}) {
  const opened = new AsyncDisposableStack()
  after(() => opened.disposeAsync())
  const open = () => openTestMarina({ MARINA_OUTBOUND_ALLOW: '127.0.0.1', MARINA_ENDPOINT_TRIES: '2', ...settings })
  const [here, there] = await Promise.all([open(), open()])
  opened.use(here)
  opened.use(there)
  return { here, there, toThere: await givenMarina(here, there) }
}

/** The first error of a refusal. */
export const messageOf = (answer: Answer): string =>
  (answer.json() as { errors: { message: string }[] }).errors[0]!.message

/** A saved endpoint; Marina's own API by default. */
export function givenEndpoint(marina: TestMarina, url: string, more: Record<string, unknown> = {}): Promise<number> {
  return create(marina, '/registries', marina.admin, { name: fresh('endpoint'), url, type: 'harbor', ...more })
}

/** A Marina as the endpoint of another. */
export function givenMarina(marina: TestMarina, other: TestMarina): Promise<number> {
  const { name, password } = other.admin
  return givenEndpoint(marina, other.url, {
    credential: { type: 'basic', access_key: name, access_secret: password },
  })
}

export function givenPolicy(marina: TestMarina, more: Record<string, unknown>): Promise<number> {
  return create(marina, '/replication/policies', marina.admin, { name: fresh('policy'), enabled: true, ...more })
}

export async function get<Value>(marina: TestMarina, path: string): Promise<Value> {
  return expectAnswer(await callApi(marina, 'GET', path, { as: marina.admin }), 200).json() as Value
}

/** Runs a policy by hand to its end. */
export async function run(marina: TestMarina, policyId: number, more: object = {}): Promise<ShownExecution> {
  const id = await create(marina, '/replication/executions', marina.admin, { policy_id: policyId, ...more })
  return ended(marina, id)
}

export function ended(marina: TestMarina, id: number): Promise<ShownExecution> {
  return eventually(async () => {
    const execution = await get<ShownExecution>(marina, `/replication/executions/${id}`)
    if (execution.status === 'InProgress') throw new Error(`has not ended: ${JSON.stringify(execution)}`)
    return execution
  })
}

export const tasksOf = (marina: TestMarina, id: number) =>
  get<ShownTask[]>(marina, `/replication/executions/${id}/tasks?page_size=100`)

export const executionsOf = (marina: TestMarina, policyId: number) =>
  get<ShownExecution[]>(marina, `/replication/executions?policy_id=${policyId}&page_size=100`)

export async function logOf(marina: TestMarina, executionId: number, taskId: number): Promise<string> {
  const path = `/replication/executions/${executionId}/tasks/${taskId}/log`
  return expectAnswer(await callApi(marina, 'GET', path, { as: marina.admin }), 200).text
}

/** The logs of all tasks of an execution. */
export async function logsOf(marina: TestMarina, executionId: number): Promise<string> {
  const tasks = await tasksOf(marina, executionId)
  return (await Promise.all(tasks.map(({ id }) => logOf(marina, executionId, id)))).join('\n')
}

/** The tags of a repository at a Marina; none where it does not exist. */
export async function tagsAt({ ask, admin }: TestMarina, repository: string): Promise<string[]> {
  const answer = await ask('GET', `/v2/${repository}/tags/list`, { as: admin })
  return answer.status === 404 ? [] : ((answer.json() as { tags: string[] }).tags ?? [])
}

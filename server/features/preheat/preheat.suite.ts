import assert from 'node:assert/strict'
import { after } from 'node:test'
import { callApi } from '../../testing/api.ts'
import { fresh, givenProject } from '../../testing/given.ts'
import { eventually, expectAnswer, type Answer, type Person } from '../../testing/http.ts'
import { openPreheatProvider } from '../../testing/preheat-provider.ts'
import { openTestMarina, type TestSettings } from '../../testing/server.ts'

type ShownExecution = {
  id: number
  status: string
  status_message?: string
  metrics: Record<string, number>
  trigger: string
  extra_attrs: Record<string, unknown>
  start_time: string
  end_time: string
}
type ShownTask = {
  id: number
  status: string
  status_message?: string
  run_count: number
  extra_attrs: { artifact: string; digest: string; kind: string }
}

/** Short times, so that tests wait for what happens only. */
export const settings = {
  MARINA_OUTBOUND_ALLOW: '127.0.0.1',
  MARINA_PREHEAT_POLL: '50ms',
  MARINA_PREHEAT_BACK_OFF: '10ms',
} as const

export const everything = '[{"type":"repository","value":"**"},{"type":"tag","value":"**"}]'
export const trigger = (type: string, cron = '') => JSON.stringify({ type, trigger_setting: { cron } })

/** A Marina that may call this machine, closed after the file's tests, and a stand-in for services that preheat. */
export async function openPreheatScene(more: TestSettings = {}) {
  const opened = new AsyncDisposableStack()
  after(() => opened.disposeAsync())
  const marina = opened.use(await openTestMarina({ ...settings, ...more }))
  const service = opened.use(await openPreheatProvider(() => marina.url))
  const call = (method: string, path: string, body?: unknown, as: Person | undefined = marina.admin) =>
    callApi(marina, method, path, { as, ...(body === undefined ? {} : { body }) })
  /** Saves an instance at a path of its own, which the stand-in leaves out of account. */
  const makeInstance = async (instance: object = {}): Promise<{ id: number; name: string }> => {
    const name = fresh('heat')
    const body = { name, vendor: 'dragonfly', endpoint: `http://127.0.0.1:1/${name}`, auth_mode: 'NONE', enabled: true }
    const whole = { ...body, ...instance }
    expectAnswer(await call('POST', '/p2p/preheat/instances', whole), 201)
    return expectAnswer(await call('GET', `/p2p/preheat/instances/${whole.name}`), 200).json() as {
      id: number
      name: string
    }
  }
  /** One that the stand-in answers for. */
  const makeReal = (more: object = {}) => makeInstance({ endpoint: `${service.url}/${fresh('at')}`, ...more })
  return {
    marina,
    service,
    call,
    makeInstance,
    makeReal,
    opened,
    ...openRuns(call, makeInstance, () => givenProject(marina)),
  }
}

type CallRest = (method: string, path: string, body?: unknown, as?: Person) => Promise<Answer>

function openRuns(
  call: CallRest,
  makeInstance: (more?: object) => Promise<{ id: number; name: string }>,
  makeProject: () => Promise<{ id: number; name: string }>,
) {
  /** Saves a policy in a project of its own, unless one is named; returns its path. */
  const makePolicy = async (policy: object = {}, project?: string): Promise<string> => {
    const [name, into] = [fresh('warm'), project ?? (await makeProject()).name]
    const provider = 'provider_id' in policy ? {} : { provider_id: (await makeInstance()).id }
    const body = { name, filters: everything, trigger: trigger('manual'), enabled: true, ...provider, ...policy }
    expectAnswer(await call('POST', `/projects/${into}/preheat/policies`, body), 201)
    return `/projects/${into}/preheat/policies/${name}`
  }
  const start = async (policy: string): Promise<number> => {
    const location = expectAnswer(await call('POST', policy, {}), 201).headers.location!
    const [, id] = /\/executions\/(\d+)$/.exec(location) ?? []
    return Number(id)
  }
  const show = async (policy: string, id: number) =>
    expectAnswer(await call('GET', `${policy}/executions/${id}`), 200).json() as ShownExecution
  const ended = (policy: string, id: number) =>
    eventually(async () => {
      const execution = await show(policy, id)
      assert.notEqual(execution.status, 'Running')
      return execution
    })
  return {
    makePolicy,
    start,
    show,
    ended,
    /** Runs a policy to its end. */
    run: async (policy: string) => ended(policy, await start(policy)),
    list: async (policy: string) =>
      expectAnswer(await call('GET', `${policy}/executions`), 200).json() as ShownExecution[],
    tasks: async (policy: string, id: number) =>
      expectAnswer(await call('GET', `${policy}/executions/${id}/tasks`), 200).json() as ShownTask[],
    log: async (policy: string, id: number, task: number) =>
      expectAnswer(await call('GET', `${policy}/executions/${id}/tasks/${task}/logs`), 200).text,
  }
}

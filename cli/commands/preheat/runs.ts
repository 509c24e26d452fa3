import type { Static } from 'typebox'
import * as api from '../../../api/preheat-runs.ts'
import type { Shape } from '../../lib/output.ts'
import { exitCodes, Problem, wrongUsage } from '../../lib/problem.ts'
import { count, shortDigest, time } from '../../lib/text.ts'
import type { Argument, Call, Verb } from '../../lib/verb.ts'
import { isOver, styleOf, watch } from '../../lib/watch.ts'
import { idOf, listing } from '../../lib/words.ts'
import { project } from '../projects.ts'
import { paramsOf, policy } from './policies.ts'

type Run = Static<typeof api.PreheatExecution>
type Task = Static<typeof api.PreheatTask>
type Given = { project: string; policy: string }

const run: Argument = { name: 'run', about: 'its id, as preheat runs shows it' }

function parseId(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw wrongUsage(`${text} is not the id of a run or a task`, 'marina preheat runs')
  return Number(text)
}

const ofRun = ({ project: projectName, policy: name }: Given, text: string) => ({
  ...paramsOf(projectName, name),
  execution_id: parseId(text),
})

const runShape: Shape<Run> = {
  kind: 'run',
  name: ({ id }) => String(id),
  columns: [
    { name: 'id', of: ({ id }) => id },
    { name: 'status', of: ({ status }) => status, style: ({ status = '' }) => styleOf(status) },
    { name: 'images', of: ({ metrics }) => metrics?.task_count ?? 0 },
    { name: 'done', of: ({ metrics }) => metrics?.success_task_count ?? 0 },
    { name: 'failed', of: failedOf, style: (row) => (failedOf(row) > 0 ? 'bad' : undefined) },
    { name: 'why', of: ({ trigger }) => trigger?.replace('_', ' ') },
    { name: 'began', of: (row) => time(row.start_time), style: () => 'dim' },
    { name: 'ended', of: (row) => time(row.end_time), style: () => 'dim' },
    { name: 'says', of: (row) => row.status_message, shrinks: true },
  ],
}

function failedOf({ metrics }: Run): number {
  return metrics?.error_task_count ?? 0
}

const list = listing({
  operation: api.listPreheatExecutions,
  shape: runShape,
  name: 'runs',
  about: 'list the runs of a policy, the latest first',
  arguments: [project, policy],
  most: 20,
  examples: [['marina preheat runs team warm --limit 5', 'the last five']],
  call: ({ project: projectName, policy: name }: Given) => ({ params: paramsOf(projectName, name) }),
})

const taskShape: Shape<Task> = {
  kind: 'task',
  name: ({ id }) => String(id),
  columns: [
    { name: 'id', of: ({ id }) => id },
    { name: 'status', of: ({ status }) => status, style: ({ status }) => styleOf(status) },
    { name: 'image', of: (row) => String(row.extra_attrs['artifact']), shrinks: true },
    { name: 'digest', of: (row) => shortDigest(String(row.extra_attrs['digest'])) },
    { name: 'began', of: (row) => time(row.start_time), style: () => 'dim' },
    { name: 'says', of: (row) => row.status_message, shrinks: true },
  ],
}

const tasks = listing({
  operation: api.listPreheatTasks,
  shape: taskShape,
  name: 'tasks',
  about: 'list what a run does, a task for each image',
  arguments: [project, policy, run],
  examples: [['marina preheat tasks team warm 17 -q status=Error', 'then: marina preheat logs team warm 17']],
  call: ({ run: id, ...given }: Given & { run: string }) => ({ params: ofRun(given, id) }),
})

const logs: Verb<Given & { run: string; task?: string }> = {
  name: 'logs',
  aliases: ['log'],
  about: 'read the logs of a run: of one task, or of all, the failed ones first',
  arguments: [project, policy, run, { name: 'task', about: 'its id, as preheat tasks shows it', isOptional: true }],
  async run({ run: text, task, ...given }, { client, pages, out }) {
    const params = ofRun(given, text)
    const read = async (taskId: number) =>
      (await client(api.getPreheatLog, { params: { ...params, task_id: taskId } })).body
    if (task !== undefined) return out.text(await read(parseId(task)))
    const { rows } = await pages(api.listPreheatTasks, { params }, 0)
    const failed = rows.filter(({ status }) => status === 'Error')
    for (const row of [...failed, ...rows.filter((one) => !failed.includes(one))]) {
      out.remark(`task ${row.id}, ${row.status}: ${String(row.extra_attrs['artifact'])}`)
      out.text(await read(row.id))
    }
  },
}

const start: Verb<Given & { wait: boolean }> = {
  name: 'run',
  about: 'run a policy now, and show how it goes on',
  arguments: [project, policy],
  options: [{ flags: '--no-wait', about: 'do not wait for the end' }],
  examples: [['marina preheat run team warm', 'exit code 1 when an image could not be preheated']],
  async run({ wait, ...given }, call) {
    const params = paramsOf(given.project, given.policy)
    const { headers } = await call.client(api.startPreheat, { params, body: {} })
    const id = idOf(headers)
    if (wait) return follow(call, given, id)
    await call.out.done(`run ${id} has begun: marina preheat watch ${given.project} ${given.policy} ${id}`, String(id))
  },
}

const watching: Verb<Given & { run?: string }> = {
  name: 'watch',
  about: 'show how a run goes on until it ends: this one, or the latest of the policy',
  arguments: [project, policy, { ...run, isOptional: true }],
  async run({ run: text, ...given }, call) {
    if (text !== undefined) return follow(call, given, parseId(text))
    const params = paramsOf(given.project, given.policy)
    const [latest] = (await call.pages(api.listPreheatExecutions, { params }, 1)).rows
    if (latest?.id === undefined)
      throw new Problem(`policy ${given.policy} was never run`, {
        exitCode: exitCodes.absent,
        wayOut: `marina preheat run ${given.project} ${given.policy}`,
      })
    await follow(call, given, latest.id)
  },
}

/** Shows how a run goes on until it ends. Throws Problem when an image could not be preheated. */
async function follow(call: Call, given: Given, id: number): Promise<void> {
  const names = `${given.project} ${given.policy} ${id}`
  const row = await watch({
    name: `run ${id}`,
    hint: `the run goes on: marina preheat watch ${names}, marina preheat stop ${names}`,
    read: async () => (await call.client(api.getPreheatExecution, { params: ofRun(given, String(id)) })).body,
    isOver: ({ status = '' }) => isOver(status),
    step: ({ status, metrics = {} }) => {
      const { task_count: total = 0, success_task_count: good = 0, stopped_task_count: stopped = 0 } = metrics
      const done = good + stopped + (metrics.error_task_count ?? 0)
      return { done, total, text: `${status}, ${done} of ${count(total, 'image')}` }
    },
  })
  const total = count(row.metrics?.task_count ?? 0, 'image')
  const says = row.status_message ? `; ${row.status_message}` : ''
  if (row.status === 'Success')
    return call.out.done(`run ${id} has succeeded: ${total} preheated${says}`, String(id), row)
  throw new Problem(`run ${id} ended as ${row.status}: ${failedOf(row)} of ${total} failed${says}`, {
    wayOut: `marina preheat logs ${names}`,
  })
}

const stop: Verb<Given & { run: string }> = {
  name: 'stop',
  about: 'stop a run; what the service was asked for already goes on there',
  arguments: [project, policy, run],
  async run({ run: text, ...given }, { client, out }) {
    await client(api.stopPreheat, { params: ofRun(given, text), body: { status: 'Stopped' } })
    await out.done(`run ${text} stops`, text)
  },
}

export const runVerbs: Verb[] = [start, watching, list, tasks, logs, stop]

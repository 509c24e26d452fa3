import type { Static } from 'typebox'
import * as api from '../../../api/replication.ts'
import type { Shape } from '../../lib/output.ts'
import { exitCodes, Problem, wrongUsage } from '../../lib/problem.ts'
import { count, several, shortDigest, size, time } from '../../lib/text.ts'
import type { Argument, Call, Option, Verb } from '../../lib/verb.ts'
import { isOver, styleOf, watch } from '../../lib/watch.ts'
import { idOf, listing } from '../../lib/words.ts'
import { deletes, getPolicy, policy } from './policies.ts'

type Run = Static<typeof api.ReplicationExecution>
type Task = Static<typeof api.ReplicationTask>
type Preview = Static<typeof api.ReplicationPreview>

const run: Argument = { name: 'run', about: 'its id, as replication runs shows it' }

function parseId(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw wrongUsage(`${text} is not the id of a run or a task`, 'marina replication runs')
  return Number(text)
}

const runShape: Shape<Run> = {
  kind: 'run',
  name: ({ id }) => String(id),
  columns: [
    { name: 'id', of: ({ id }) => id },
    { name: 'policy', of: (row) => row.policy_id },
    { name: 'status', of: ({ status }) => status, style: ({ status }) => styleOf(status) },
    { name: 'tasks', of: ({ total }) => total },
    { name: 'done', of: ({ succeed }) => succeed },
    { name: 'failed', of: ({ failed }) => failed, style: ({ failed }) => (failed > 0 ? 'bad' : undefined) },
    { name: 'why', of: ({ trigger }) => trigger.replace('_', ' ') },
    { name: 'began', of: (row) => time(row.start_time), style: () => 'dim' },
    { name: 'ended', of: (row) => time(row.end_time), style: () => 'dim' },
    { name: 'says', of: (row) => row.status_text, shrinks: true },
  ],
}

const list = listing({
  operation: api.listReplicationExecutions,
  shape: runShape,
  name: 'runs',
  about: 'list the runs of all policies or of one, the latest first',
  arguments: [{ ...policy, isOptional: true }],
  most: 20,
  examples: [['marina replication runs backup --limit 5', 'the last five of a policy']],
  call: async ({ policy: text }: { policy?: string }, call) => ({
    query: text === undefined ? {} : { policy_id: (await getPolicy(call, text)).id },
  }),
})

const taskShape: Shape<Task> = {
  kind: 'task',
  name: ({ id }) => String(id),
  columns: [
    { name: 'id', of: ({ id }) => id },
    { name: 'status', of: ({ status }) => status, style: ({ status }) => styleOf(status) },
    { name: 'does', of: ({ operation }) => operation },
    { name: 'from', of: (row) => row.src_resource, shrinks: true },
    { name: 'to', of: (row) => row.dst_resource, shrinks: true },
    { name: 'bytes', of: (row) => size(bytesOf(row)) },
    { name: 'began', of: (row) => time(row.start_time), style: () => 'dim' },
  ],
}

const bytesOf = ({ progress }: Task): number => (typeof progress?.['bytes'] === 'number' ? progress['bytes'] : 0)

const tasks = listing({
  operation: api.listReplicationTasks,
  shape: taskShape,
  name: 'tasks',
  about: 'list what a run does, a task for each repository',
  arguments: [run],
  options: [{ flags: '--status <status>', about: 'only these: Failed, Succeed, InProgress, Pending, Stopped' }],
  examples: [['marina replication tasks 17 --status Failed', 'then: marina replication logs 17 <task>']],
  call: ({ run: id, status }: { run: string; status?: string }) => ({
    params: { id: parseId(id) },
    query: status === undefined ? {} : { status },
  }),
})

const logs: Verb<{ run: string; task?: string }> = {
  name: 'logs',
  aliases: ['log'],
  about: 'read the logs of a run: of one task, or of all, the failed ones first',
  arguments: [run, { name: 'task', about: 'its id, as replication tasks shows it', isOptional: true }],
  async run({ run: text, task }, { client, pages, out }) {
    const id = parseId(text)
    const read = async (taskId: number) =>
      (await client(api.getReplicationLog, { params: { id, task_id: taskId } })).body
    if (task !== undefined) return out.text(await read(parseId(task)))
    const { rows } = await pages(api.listReplicationTasks, { params: { id } }, 0)
    const failed = rows.filter(({ status }) => status === 'Failed')
    for (const row of [...failed, ...rows.filter((one) => !failed.includes(one))]) {
      out.remark(`task ${row.id}, ${row.status}: ${row.src_resource} to ${row.dst_resource}`)
      out.text(await read(row.id))
    }
  },
}

const limitOption: Option = { flags: '--look <artifacts>', about: 'look at no more than this', fallback: '10000' }

type StartGiven = { policy: string; wait: boolean; yes?: true; dryRun?: true; allowDeletion?: true; look: string }

const start: Verb<StartGiven> = {
  name: 'run',
  about: 'run a policy now, and show how it goes on',
  arguments: [policy],
  options: [
    { flags: '--no-wait', about: 'do not wait for the end' },
    { flags: '--allow-deletion', about: 'delete more than the share that is allowed otherwise' },
    limitOption,
  ],
  asksFirst: true,
  examples: [
    ['marina replication run backup', 'exit code 1 when a task fails'],
    ['marina replication run nightly --dry-run', 'what it would copy and delete'],
  ],
  async run({ policy: text, wait, yes = false, dryRun = false, allowDeletion = false, look }, call) {
    const found = await getPolicy(call, text)
    // A policy that only adds is not asked about, as what it does can be undone.
    if (dryRun || (deletes(found) && !yes)) {
      const { body } = await call.client(api.previewReplicationPolicy, {
        params: { id: found.id },
        query: lookOf(look),
      })
      if (dryRun || body.delete > 0) {
        if (!(await call.confirm(whatOf(found.name, body), 'Go on?'))) return
      }
    }
    const body = { policy_id: found.id, ...(allowDeletion ? { allow_deletion: true } : {}) }
    const { headers } = await call.client(api.startReplication, { body })
    const id = idOf(headers)
    if (!wait) return call.out.done(`run ${id} has begun: marina replication tasks ${id}`, String(id))
    const ended = await follow(call, id)
    await call.out.done(`run ${id} has succeeded: ${count(ended.succeed, 'task')}${saysOf(ended)}`, String(id), ended)
  },
}

const saysOf = ({ status_text: text }: Run) => (text === '' ? '' : `; ${text}`)

/** Shows how a run goes on, and returns it when it has ended. Throws Problem when a task has failed. */
async function follow(call: Call, id: number): Promise<Run> {
  const { row } = await watch({
    name: `run ${id}`,
    hint: `the run goes on: marina replication tasks ${id}, marina replication stop ${id}`,
    read: async () => {
      const { body } = await call.client(api.getReplicationExecution, { params: { id } })
      const { rows } = await call.pages(api.listReplicationTasks, { params: { id } }, 100)
      return { row: body, bytes: rows.reduce((sum, task) => sum + bytesOf(task), 0) }
    },
    isOver: ({ row }) => isOver(row.status),
    step: ({ row, bytes }) => {
      const { total, succeed, failed, stopped } = row
      const done = succeed + failed + stopped
      return { done, total, text: `${row.status}, ${done} of ${count(total, 'task')}, ${size(bytes)}` }
    },
  })
  if (row.status === 'Succeed') return row
  throw new Problem(
    `run ${id} ended as ${row.status}: ${row.failed} of ${count(row.total, 'task')} failed${saysOf(row)}`,
    {
      wayOut: `marina replication logs ${id}`,
    },
  )
}

const lookOf = (text: string) => {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw wrongUsage(`--look is a number of artifacts, not ${text}`)
  return { limit: Number(text) }
}

function whatOf(
  name: string,
  { copy, overwrite, skip, delete: gone, bytes, artifacts, problems, collisions }: Preview,
): string[] {
  const doomed = artifacts.filter(({ action }) => action === 'delete').map(({ target, tag }) => `${target}:${tag}`)
  const clash = collisions.map(({ target, sources }) => `${several(sources)} would both be copied to ${target}`)
  return [
    `policy ${name}: ${copy} to copy, ${overwrite} to move, ${skip} the same already, ${gone} to delete`,
    `to send: ${size(bytes)}`,
    ...(doomed.length === 0 ? [] : [`to delete: ${several(doomed)}`]),
    ...clash,
    ...problems,
  ]
}

type Row = Preview['artifacts'][number]

const differenceShape: Shape<Row> = {
  kind: 'artifact',
  name: ({ source, target, tag }) => `${source || target}:${tag}`,
  columns: [
    {
      name: 'what',
      of: ({ action }) => action,
      style: ({ action }) => (/delete|extra/.test(action) ? 'bad' : undefined),
    },
    { name: 'from', of: ({ source }) => source, shrinks: true },
    { name: 'to', of: ({ target }) => target, shrinks: true },
    { name: 'tag', of: ({ tag }) => tag, shrinks: true },
    { name: 'here', of: (row) => shortDigest(row.source_digest) },
    { name: 'there', of: (row) => shortDigest(row.target_digest) },
    { name: 'size', of: (row) => (row.size < 0 ? '' : size(row.size)) },
  ],
}

const preview: Verb<{ policy: string; look: string }> = {
  name: 'preview',
  about: 'show what a run would copy and delete, and to which names',
  arguments: [policy],
  options: [limitOption],
  examples: [['marina replication preview backup', 'changes nothing']],
  async run({ policy: text, look }, { client, out, ...call }) {
    const { id, name } = await getPolicy({ client, out, ...call }, text)
    const { body } = await client(api.previewReplicationPolicy, { params: { id }, query: lookOf(look) })
    if (out.format === 'json' || out.format === 'yaml') return out.row(wholeShape, body)
    if (body.artifacts.length > 0) await out.rows(differenceShape, body.artifacts)
    for (const line of whatOf(name, body)) out.remark(line)
    if (!body.is_complete) out.remark(`more than ${look} artifacts: --look <artifacts> looks at more`)
  },
}

/** JSON and YAML have it whole. */
const wholeShape = { kind: 'answer', name: () => '', columns: [] }

const drift: Verb<{ policy: string; look: string; exitCode?: true }> = {
  name: 'drift',
  about: 'show where source and target of a policy differ, by digest',
  arguments: [policy],
  options: [limitOption, { flags: '--exit-code', about: 'exit code 1 when they differ' }],
  examples: [['marina replication drift backup --exit-code', 'for a monitor: 0 when both are the same']],
  async run({ policy: text, look, exitCode: tells }, call) {
    const { client, out } = call
    const { id } = await getPolicy(call, text)
    const { body } = await client(api.getReplicationDrift, { params: { id }, query: lookOf(look) })
    const { same, missing, different, extra, artifacts } = body
    if (out.format === 'json' || out.format === 'yaml') await out.row(wholeShape, body)
    else {
      if (artifacts.length > 0) await out.rows(differenceShape, artifacts)
      out.remark(`${same} the same, ${missing} missing, ${different} different, ${extra} that only the target has`)
      if (!body.is_complete) out.remark(`more than ${look} artifacts: --look <artifacts> looks at more`)
    }
    if (tells && missing + different + extra > 0) process.exitCode = exitCodes.refused
  },
}

const stop: Verb<{ run: string }> = {
  name: 'stop',
  about: 'stop a run; what it has copied stays',
  arguments: [run],
  async run({ run: text }, { client, out }) {
    await client(api.stopReplication, { params: { id: parseId(text) } })
    await out.done(`run ${text} stops`, text)
  },
}

export const runVerbs: Verb[] = [start, preview, drift, list, tasks, logs, stop]

import type { Static } from 'typebox'
import { getRetentionRestore, restoreRetention } from '../../../api/retention-preview.ts'
import * as api from '../../../api/retention.ts'
import type { Shape } from '../../lib/output.ts'
import { exitCodes, Problem, wrongUsage } from '../../lib/problem.ts'
import { count, several, time, yesNo } from '../../lib/text.ts'
import type { Argument, Call, Verb } from '../../lib/verb.ts'
import { isOver, styleOf, watch } from '../../lib/watch.ts'
import { idOf, listing } from '../../lib/words.ts'
import { project } from '../projects.ts'
import { ask, droppedIn, sumOf } from './explain.ts'
import { getPolicyOf } from './policies.ts'

type Run = Static<typeof api.RetentionExecution>
type Task = Static<typeof api.RetentionTask>

const run: Argument = { name: 'run', about: 'its id, as retention runs shows it' }

function parseRun(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw wrongUsage(`${text} is not the id of a run`, 'marina retention runs <project>')
  return Number(text)
}

const shape: Shape<Run> = {
  kind: 'run',
  name: ({ id }) => String(id),
  columns: [
    { name: 'id', of: ({ id }) => id },
    { name: 'status', of: ({ status }) => status, style: ({ status }) => styleOf(status) },
    { name: 'dry run', of: (row) => yesNo(row.dry_run) },
    { name: 'why', of: ({ trigger }) => trigger.toLowerCase() },
    { name: 'began', of: (row) => time(row.start_time), style: () => 'dim' },
    { name: 'ended', of: (row) => time(row.end_time), style: () => 'dim' },
    { name: 'says', of: (row) => row.status_message, shrinks: true },
  ],
}

const list = listing({
  operation: api.listRetentionExecutions,
  shape,
  name: 'runs',
  about: 'list the runs of the policy of a project, the latest first',
  arguments: [project],
  most: 20,
  call: async ({ project: name }: { project: string }, call) => ({
    params: { id: (await getPolicyOf(call, name)).policyId },
  }),
})

type StartGiven = { project: string; maxShare?: string; wait: boolean; yes?: true; dryRun?: true }

const start: Verb<StartGiven> = {
  name: 'run',
  about: 'delete what the policy of a project does not keep; says first what that is, and asks',
  arguments: [project],
  options: [
    {
      flags: '--max-share <percent>',
      about: 'of the tags: a run that would delete more deletes nothing (default: as the server says, 50)',
    },
    { flags: '--no-wait', about: 'do not wait for the end' },
  ],
  asksFirst: true,
  examples: [
    ['marina retention run team --dry-run', 'what it would delete'],
    ['marina retention run team --max-share 20 --yes', 'in a script: nothing is deleted if it were more'],
  ],
  async run({ project: name, maxShare, wait, yes = false, dryRun = false }, call) {
    const limit = maxShare === undefined ? undefined : parsePercent(maxShare)
    const { policyId: id } = await getPolicyOf(call, name)
    const found = await ask(call, name, { show: 'dropped', rows: 100 })
    const { share, ask_above: askAbove, is_whole: isWhole, totals } = found
    const isMuch = share > (limit ?? askAbove)
    if (isMuch && !dryRun && (limit !== undefined || yes)) throw tooMuch(share, limit ?? askAbove)
    const gone = droppedIn(found)
    const lines = [...sumOf(name, found), ...(gone.length === 0 ? [] : [`to delete: ${several(gone)}`])]
    if (totals.dropped_tags > 0) lines.push('what a run deletes can be taken back: marina retention undo')
    const question = isMuch ? `That is more than ${askAbove} % of the tags. Go on?` : 'Go on?'
    if (!(await call.confirm(lines, question))) return
    // Who has seen a larger share and said yes allows that share, and no more.
    const allowed = limit ?? (isWhole ? Math.max(share, askAbove) : askAbove)
    const body = { dry_run: false, max_share: allowed }
    const { headers } = await call.client(api.triggerRetentionExecution, { params: { id }, body })
    const eid = idOf(headers)
    if (!wait) return call.out.done(`run ${eid} has begun: marina retention runs ${name}`, String(eid))
    await follow(call, name, { id, eid })
  },
}

const tooMuch = (share: number, limit: number) =>
  new Problem(`${share} % of the tags would be deleted, more than ${limit} %: nothing was deleted`, {
    wayOut: 'look at marina retention preview; --max-share <percent> allows more',
  })

function parsePercent(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) > 100)
    throw wrongUsage(`--max-share is a number of percent from 0 to 100, not ${text}`)
  return Number(text)
}

type RunIds = { id: number; eid: number }

async function getRun({ pages }: Call, name: string, { id, eid }: RunIds): Promise<Run> {
  const { rows } = await pages(api.listRetentionExecutions, { params: { id } }, 100)
  const found = rows.find((row) => row.id === eid)
  if (found) return found
  throw new Problem(`project ${name} has no run ${eid} among its last 100`, {
    exitCode: exitCodes.absent,
    wayOut: `marina retention runs ${name}`,
  })
}

/** Shows how a run goes on until its end. Throws Problem when it fails. */
async function follow(call: Call, name: string, ids: RunIds): Promise<void> {
  const { eid } = ids
  const ended = await watch({
    name: `run ${eid}`,
    hint: `the run goes on: marina retention runs ${name}, marina retention stop ${name} ${eid}`,
    read: () => getRun(call, name, ids),
    isOver: ({ status }) => isOver(status),
    step: ({ status }) => ({ done: 0, total: undefined, text: status }),
  })
  if (ended.status !== 'Success')
    throw new Problem(`run ${eid} ended as ${ended.status}: ${ended.status_message}`, {
      wayOut: `marina retention logs ${name} ${eid}`,
    })
  const { body } = await call.client(getRetentionRestore, { params: ids })
  const back = `${count(body.restorable, 'deletion')} can be taken back by marina retention undo ${name} ${eid}`
  await call.out.done(`run ${eid} has succeeded: ${back}`, String(eid), ended)
}

const logs: Verb<{ project: string; run: string; repository?: string }> = {
  name: 'logs',
  aliases: ['log'],
  about: 'read what a run said of each tag, in one repository or in all',
  arguments: [project, run, { name: 'repository', about: 'its name without the project', isOptional: true }],
  async run({ project: name, run: text, repository }, call) {
    const { out, client, pages } = call
    const params = { id: (await getPolicyOf(call, name)).policyId, eid: parseRun(text) }
    const { rows } = await pages(api.listRetentionTasks, { params }, 0)
    const wanted = rows.filter((row) => repository === undefined || row.repository === repository)
    if (repository !== undefined && wanted.length === 0)
      throw new Problem(`run ${text} has no task for ${repository}`, { exitCode: exitCodes.absent })
    const print = async ({ id, repository: about, status }: Task) => {
      const { body } = await client(api.getRetentionTaskLog, { params: { ...params, tid: id } })
      if (repository === undefined) out.remark(`${about}, ${status}`)
      out.text(body)
    }
    for (const row of wanted) await print(row)
  },
}

const stop: Verb<{ project: string; run: string }> = {
  name: 'stop',
  about: 'stop a run; what it has deleted stays deleted',
  arguments: [project, run],
  async run({ project: name, run: text }, call) {
    const params = { id: (await getPolicyOf(call, name)).policyId, eid: parseRun(text) }
    await call.client(api.operateRetentionExecution, { params, body: { action: 'stop' } })
    await call.out.done(`run ${text} stops`, text)
  },
}

const undo: Verb<{ project: string; run?: string; wait: boolean }> = {
  name: 'undo',
  aliases: ['restore'],
  about: 'take a run back: restore all that it deleted',
  arguments: [project, { ...run, about: 'its id; the last one that deleted something by default', isOptional: true }],
  options: [{ flags: '--no-wait', about: 'do not wait for the end' }],
  asksFirst: true,
  examples: [['marina retention undo team', 'as long as deletions can be taken back (marina trash list team)']],
  async run({ project: name, run: text, wait }, call) {
    const { policyId: id } = await getPolicyOf(call, name)
    const { eid, restorable } = await findRestorable(call, name, id, text)
    const what = `${count(restorable, 'deletion')} of run ${eid} will be restored, with tags, times and labels`
    if (!(await call.confirm([what], 'Go on?'))) return
    const params = { id, eid }
    await call.client(restoreRetention, { params })
    if (!wait) return call.out.done(`run ${eid} is being restored`, String(eid))
    const read = async () => (await call.client(getRetentionRestore, { params })).body
    const { status, restored, failed, log } = await watch({
      name: `restore of run ${eid}`,
      hint: 'the restore goes on',
      read,
      isOver: (row) => isOver(row.status),
      step: (row) => ({
        done: row.restored + row.failed,
        total: restorable,
        text: `${row.status}, ${row.restored} restored`,
      }),
    })
    if (status !== 'Success' || failed > 0) {
      for (const line of log.trimEnd().split('\n')) call.out.remark(line)
      throw new Problem(`${count(restored, 'deletion')} of run ${eid} restored, ${failed} not`)
    }
    await call.out.done(`restored ${count(restored, 'deletion')} of run ${eid}`, String(eid))
  },
}

/** How many of the last runs are looked at. */
const mostRuns = 20

async function findRestorable(call: Call, name: string, id: number, text: string | undefined) {
  const restorableOf = async (eid: number) =>
    (await call.client(getRetentionRestore, { params: { id, eid } })).body.restorable
  if (text !== undefined) {
    const eid = parseRun(text)
    const restorable = await restorableOf(eid)
    if (restorable > 0) return { eid, restorable }
    throw new Problem(`there is nothing to restore of run ${eid}`, { exitCode: exitCodes.absent })
  }
  const { rows } = await call.pages(api.listRetentionExecutions, { params: { id } }, mostRuns)
  for (const { id: eid, dry_run: isDry } of rows) {
    const restorable = isDry ? 0 : await restorableOf(eid)
    if (restorable > 0) return { eid, restorable }
  }
  throw new Problem(`there is nothing to restore of the last ${count(mostRuns, 'run')} in project ${name}`, {
    exitCode: exitCodes.absent,
    wayOut: `marina retention runs ${name}`,
  })
}

export const runVerbs: Verb[] = [start, list, logs, stop, undo]

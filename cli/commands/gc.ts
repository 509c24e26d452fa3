import type { Static } from 'typebox'
import * as api from '../../api/gc.ts'
import type { ExecHistory } from '../../api/jobs.ts'
import type { Shape } from '../lib/output.ts'
import { Problem, wrongUsage } from '../lib/problem.ts'
import { size, time } from '../lib/text.ts'
import type { Argument, Call, Verb } from '../lib/verb.ts'
import { isOver, styleOf, watch } from '../lib/watch.ts'
import { idOf, listing, showing } from '../lib/words.ts'

type Run = Static<typeof ExecHistory>

/** What a run has counted so far, and how much there is to look at. */
type Counts = {
  dry_run?: boolean
  delete_untagged?: boolean
  freed_space?: number
  purged_blobs?: number
  purged_manifests?: number
  ended_holds?: number
  removed_files?: number
  estimate?: number
}

const run: Argument = { name: 'run', about: 'its id, as gc list shows it' }
const ofRun = ({ run: id }: { run: string }) => {
  if (!/^\d{1,15}$/.test(id)) throw wrongUsage(`${id} is not the id of a run`, 'marina gc list')
  return { params: { gc_id: Number(id) } }
}

function countsOf({ job_parameters: text }: Pick<Run, 'job_parameters'>): Counts {
  try {
    return JSON.parse(text) as Counts
  } catch {
    return {}
  }
}

const shape: Shape<Run> = {
  kind: 'run',
  name: ({ id }) => String(id),
  columns: [
    { name: 'id', of: ({ id }) => id },
    { name: 'status', of: (row) => row.job_status, style: (row) => styleOf(row.job_status) },
    { name: 'why', of: ({ schedule }) => schedule.type.toLowerCase() },
    { name: 'dry run', of: (row) => (countsOf(row).dry_run ? 'yes' : 'no') },
    { name: 'freed', of: (row) => size(countsOf(row).freed_space ?? 0) },
    { name: 'blobs', of: (row) => countsOf(row).purged_blobs ?? 0 },
    { name: 'manifests', of: (row) => countsOf(row).purged_manifests ?? 0 },
    { name: 'began', of: (row) => time(row.creation_time), style: () => 'dim' },
    { name: 'changed', of: (row) => time(row.update_time), style: () => 'dim' },
  ],
}

const list = listing({
  operation: api.listRuns,
  shape,
  aliases: ['ls', 'history'],
  about: 'list the runs, newest first',
  most: 20,
  examples: [['marina gc list --limit 5', 'the last five, with what they have freed']],
})

const show = showing({
  operation: api.getRun,
  shape,
  about: 'show a run with its counts',
  arguments: [run],
  call: ofRun,
})

type RunGiven = { dryRun?: true; deleteUntagged?: true; workers: string; wait: boolean; yes?: true }

const collect: Verb<RunGiven> = {
  name: 'run',
  about: 'collect garbage now: bytes that nothing names any longer',
  options: [
    { flags: '--dry-run', about: 'count what would go, remove nothing' },
    { flags: '--delete-untagged', about: 'also delete artifacts without a tag; asks first, after a dry run' },
    { flags: '--workers <count>', about: 'removals at once, 1 to 10', fallback: '1' },
    { flags: '--no-wait', about: 'do not wait for the end' },
    { flags: '-y, --yes', about: 'do not ask' },
  ],
  examples: [
    ['marina gc run --dry-run', 'how much would be freed'],
    ['marina gc run --delete-untagged', 'counts first, then asks'],
  ],
  async run({ dryRun = false, deleteUntagged = false, workers, wait, yes = false }, call) {
    if (!/^(?:[1-9]|10)$/.test(workers)) throw wrongUsage(`--workers is a number from 1 to 10, not ${workers}`)
    const parameters = { delete_untagged: deleteUntagged, workers: Number(workers) }
    if (deleteUntagged && !dryRun && !yes) {
      const trial = await follow(call, await begin(call, { ...parameters, dry_run: true }))
      const says = `Artifacts without a tag will be deleted, and bytes freed: ${told(trial)}.`
      const back = 'What is deleted can be restored for a time: marina trash list <project>.'
      if (!(await call.confirm([says, back], 'Go on?'))) return
    }
    const id = await begin(call, { ...parameters, dry_run: dryRun })
    if (!wait) return call.out.done(`run ${id} has begun: marina gc show ${id}`, String(id))
    const ended = await follow(call, id)
    await call.out.done(`run ${id} ${dryRun ? 'would free' : 'freed'} ${told(ended)}`, String(id), ended)
  },
}

async function begin({ client }: Call, parameters: Record<string, unknown>): Promise<number> {
  const { headers } = await client(api.createSchedule, { body: { schedule: { type: 'Manual' }, parameters } })
  return idOf(headers)
}

/** Shows how a run goes on, and returns it when it has ended. Throws Problem when it has failed or was stopped. */
async function follow({ client }: Call, id: number): Promise<Run> {
  const params = { gc_id: id }
  const ended = await watch({
    name: `collection ${id}`,
    hint: `the run goes on: marina gc show ${id}, marina gc stop ${id}`,
    read: async () => (await client(api.getRun, { params })).body,
    isOver: (row) => isOver(row.job_status),
    step: (row) => ({ done: lookedAt(row), total: countsOf(row).estimate, text: `${row.job_status}, ${told(row)}` }),
  })
  if (ended.job_status === 'Success') return ended
  throw new Problem(`run ${id} ended as ${ended.job_status}, after ${told(ended)}`, {
    wayOut: `marina gc log ${id} says why`,
  })
}

function lookedAt(row: Run): number {
  const { purged_blobs: blobs = 0, ended_holds: holds = 0, removed_files: files = 0 } = countsOf(row)
  return blobs + holds + files
}

function told(row: Run): string {
  const { freed_space: bytes = 0, purged_blobs: blobs = 0, purged_manifests: manifests = 0 } = countsOf(row)
  return `${size(bytes)}: ${blobs} blobs, ${manifests} manifests`
}

const log: Verb<{ run: string }> = {
  name: 'log',
  aliases: ['logs'],
  about: 'read the log of a run, as far as it is written',
  arguments: [run],
  async run(given, { client, out }) {
    out.text((await client(api.getRunLog, ofRun(given))).body)
  },
}

const stop: Verb<{ run: string }> = {
  name: 'stop',
  about: 'stop a run; what it has not looked at is left to the next one',
  arguments: [run],
  async run(given, { client, out }) {
    await client(api.stopRun, ofRun(given))
    await out.done(`run ${given.run} stops`, given.run)
  },
}

const schedule: Verb<{ when?: string; deleteUntagged?: true }> = {
  name: 'schedule',
  about: 'show when garbage is collected, or set that',
  arguments: [{ name: 'when', about: 'hourly, daily, weekly, none, or six fields of cron in UTC', isOptional: true }],
  options: [{ flags: '--delete-untagged', about: 'also delete artifacts without a tag' }],
  examples: [
    ['marina gc schedule', 'the schedule in force'],
    ["marina gc schedule '0 0 3 * * *'", 'every night at three, UTC'],
    ['marina gc schedule none', 'no longer'],
  ],
  async run({ when, deleteUntagged = false }, { client, out }) {
    const { body: before } = await client(api.getSchedule)
    if (when === undefined) return out.row(scheduleShape, before)
    const type = names[when.toLowerCase()]
    const plan = type === undefined ? { type: 'Custom' as const, cron: when } : { type }
    const body = { schedule: plan, parameters: { delete_untagged: deleteUntagged } }
    const isNew = before.schedule === undefined
    if (isNew && type === 'None') return out.done('there is no schedule', 'none')
    await client(isNew ? api.createSchedule : api.updateSchedule, { body })
    await out.done(type === 'None' ? 'garbage is collected by hand alone' : `garbage is collected ${when}`, when)
  },
}

const names: Record<string, 'Hourly' | 'Daily' | 'Weekly' | 'None'> = {
  hourly: 'Hourly',
  daily: 'Daily',
  weekly: 'Weekly',
  none: 'None',
}

const scheduleShape: Shape<Partial<Run>> = {
  kind: 'schedule',
  name: ({ schedule: plan }) => plan?.cron ?? 'none',
  columns: [
    { name: 'schedule', of: ({ schedule: plan }) => plan?.type.toLowerCase() ?? 'none' },
    { name: 'cron', of: ({ schedule: plan }) => plan?.cron },
    { name: 'next', of: ({ schedule: plan }) => plan && time(plan.next_scheduled_time) },
    { name: 'parameters', of: (row) => row.job_parameters },
  ],
}

export const verbs: Verb[] = [collect, list, show, log, stop, schedule]

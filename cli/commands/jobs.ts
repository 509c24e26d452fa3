import type { Static } from 'typebox'
import * as api from '../../api/jobs.ts'
import type { Shape } from '../lib/output.ts'
import { count, time, yesNo } from '../lib/text.ts'
import type { Verb } from '../lib/verb.ts'
import { listing } from '../lib/words.ts'

const queueShape: Shape<Static<typeof api.JobQueue>> = {
  kind: 'queue',
  name: ({ job_type: type }) => type,
  columns: [
    { name: 'queue', of: ({ job_type: type }) => type },
    { name: 'waiting', of: ({ count: waiting = 0 }) => waiting },
    { name: 'oldest', of: ({ latency }) => (latency ? `${latency} s` : '') },
    { name: 'paused', of: ({ paused }) => yesNo(paused), style: ({ paused }) => (paused ? 'busy' : 'dim') },
  ],
}

const queues: Verb = {
  name: 'queues',
  aliases: ['list', 'ls'],
  about: 'list the queues: how much waits, and for how long',
  examples: [['marina jobs queues', 'one line for each kind of job']],
  async run(_given, { client, out }) {
    await out.rows(queueShape, (await client(api.listJobQueues)).body)
  },
}

const workerShape: Shape<Static<typeof api.Worker>> = {
  kind: 'worker',
  name: ({ id }) => id,
  columns: [
    { name: 'worker', of: ({ id }) => id, shrinks: true },
    { name: 'process', of: ({ pool_id: pool }) => pool, shrinks: true },
    { name: 'job', of: ({ job_name: name }) => name ?? 'idle', style: ({ job_name: name }) => (name ? 'busy' : 'dim') },
    { name: 'job id', of: ({ job_id: id }) => id },
    { name: 'since', of: ({ job_id: id, start_at: at }) => (id ? time(at) : '') },
    { name: 'says', of: ({ check_in: text }) => text, shrinks: true },
  ],
}

const workers: Verb = {
  name: 'workers',
  about: 'list the workers of all processes, and what they run',
  examples: [['marina jobs workers', 'job ids for log and stop']],
  async run(_given, { client, out }) {
    await out.rows(workerShape, (await client(api.listWorkers, { params: { pool_id: 'all' } })).body)
  },
}

const scheduleShape: Shape<Static<typeof api.ScheduleTask>> = {
  kind: 'schedule',
  name: ({ vendor_type: type, vendor_id: id }) => `${type}/${id}`,
  columns: [
    { name: 'of', of: ({ vendor_type: type }) => type },
    { name: 'id', of: ({ vendor_id: id }) => id },
    { name: 'cron', of: ({ cron }) => cron },
    { name: 'changed', of: (row) => time(row.update_time), style: () => 'dim' },
  ],
}

const schedules = listing({
  operation: api.listSchedules,
  shape: scheduleShape,
  name: 'schedules',
  about: 'list all schedules',
})

const log: Verb<{ job: string }> = {
  name: 'log',
  aliases: ['logs'],
  about: 'read the log of a job, as far as it is written',
  arguments: [{ name: 'job', about: 'its id, as jobs workers shows it' }],
  async run({ job }, { client, out }) {
    out.text((await client(api.getJobLog, { params: { job_id: job } })).body)
  },
}

const stop: Verb<{ job: string }> = {
  name: 'stop',
  about: 'stop a job that runs, or all of them',
  arguments: [{ name: 'job', about: 'its id, or all' }],
  asksFirst: true,
  examples: [['marina jobs stop all --dry-run', 'how many would stop']],
  async run({ job }, { client, out, confirm }) {
    if (job === 'all') {
      const { body } = await client(api.listWorkers, { params: { pool_id: 'all' } })
      const running = body.filter(({ job_id: id }) => id).length
      if (!(await confirm([`all jobs that run will be stopped: ${count(running, 'job')} now`], 'Go on?'))) return
    } else if (!(await confirm([`job ${job} will be stopped`], 'Go on?'))) return
    await client(api.stopJob, { params: { job_id: job } })
    await out.done(job === 'all' ? 'all running jobs stop' : `job ${job} stops`, job)
  },
}

/** `pause` and `resume`: a queue keeps what waits in it. */
const switching = (name: 'pause' | 'resume', about: string): Verb<{ queue: string }> => ({
  name,
  about,
  arguments: [{ name: 'queue', about: 'as jobs queues shows it; all: every one; SCHEDULER: the schedules' }],
  async run({ queue }, { client, out }) {
    await client(api.changeJobQueue, { params: { job_type: queue }, body: { action: name } })
    await out.done(`${name}d queue ${queue}`, queue)
  },
})

const drain: Verb<{ queue: string }> = {
  name: 'drain',
  about: 'drop what waits in a queue; what runs goes on',
  arguments: [{ name: 'queue', about: 'as jobs queues shows it; all: every one' }],
  asksFirst: true,
  async run({ queue }, { client, out, confirm }) {
    const { body } = await client(api.listJobQueues)
    const meant = body.filter(({ job_type: type }) => queue === 'all' || type === queue)
    const waiting = meant.reduce((sum, { count: number = 0 }) => sum + number, 0)
    if (!(await confirm([`${count(waiting, 'job')} in queue ${queue} will never run`], 'Go on?'))) return
    await client(api.changeJobQueue, { params: { job_type: queue }, body: { action: 'stop' } })
    await out.done(`drained queue ${queue}: ${count(waiting, 'job')}`, queue)
  },
}

export const verbs: Verb[] = [
  queues,
  workers,
  schedules,
  log,
  stop,
  switching('pause', 'let a queue wait'),
  switching('resume', 'let a queue go on'),
  drain,
]

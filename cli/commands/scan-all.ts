import type { Static } from 'typebox'
import type { Schedule } from '../../api/jobs.ts'
import * as api from '../../api/scan-all.ts'
import type { Shape } from '../lib/output.ts'
import { Problem } from '../lib/problem.ts'
import { time } from '../lib/text.ts'
import type { Call, Verb } from '../lib/verb.ts'
import { watch } from '../lib/watch.ts'

type Stats = Static<typeof api.Stats>

const of = (name: string) => (row: Stats) => row.metrics?.[name] ?? 0
const shape: Shape<Stats> = {
  kind: 'run',
  name: ({ ongoing }) => (ongoing ? 'running' : 'ended'),
  columns: [
    { name: 'state', of: stateOf, style: (row) => (row.ongoing ? 'busy' : 'good') },
    { name: 'why', of: ({ trigger }) => trigger?.toLowerCase() },
    { name: 'images', of: ({ total }) => total },
    { name: 'scanned', of: of('Success') },
    { name: 'failed', of: of('Error'), style: (row) => (of('Error')(row) > 0 ? 'bad' : undefined) },
    { name: 'stopped', of: of('Stopped') },
    { name: 'running', of: of('Running') },
    { name: 'waiting', of: of('Pending') },
  ],
}

function stateOf({ ongoing, trigger }: Stats): string {
  return ongoing ? 'running' : trigger === undefined ? 'never run' : 'ended'
}

const start: Verb<{ wait: boolean }> = {
  name: 'start',
  aliases: ['run'],
  about: 'scan all images for vulnerabilities now',
  options: [{ flags: '--no-wait', about: 'do not wait for the end' }],
  examples: [
    ['marina scan-all start', 'with its progress; Ctrl-C ends the watching alone'],
    ['marina scan-all start --no-wait', 'marina scan-all status says how far it is'],
  ],
  async run({ wait }, call) {
    await call.client(api.createScanAllSchedule, { body: { schedule: { type: 'Manual' } } })
    if (!wait) return call.out.done('all images are being scanned: marina scan-all status', 'running')
    const ended = await follow(call)
    const failed = of('Error')(ended)
    if (failed > 0)
      throw new Problem(`${failed} of ${ended.total} images could not be scanned`, { wayOut: 'marina jobs' })
    await call.out.done(`${of('Success')(ended)} of ${ended.total} images were scanned`, 'ended', ended)
  },
}

async function follow({ client }: Call): Promise<Stats> {
  return watch({
    name: 'scan of all images',
    hint: 'the scan goes on: marina scan-all status, marina scan-all stop',
    read: async () => (await client(api.getLatestScanAllMetrics)).body,
    isOver: (row) => !row.ongoing,
    step: (row) => ({ done: row.completed, total: row.total, text: `${row.completed} of ${row.total} images` }),
  })
}

const status: Verb<{ scheduled?: true }> = {
  name: 'status',
  aliases: ['show'],
  about: 'how far is the last scan of all images?',
  options: [{ flags: '--scheduled', about: 'the last one that the schedule has begun' }],
  async run({ scheduled }, { client, out }) {
    const operation = scheduled ? api.getLatestScheduledScanAllMetrics : api.getLatestScanAllMetrics
    await out.row(shape, (await client(operation)).body)
  },
}

const stop: Verb = {
  name: 'stop',
  about: 'stop the scan of all images; finished reports stay',
  async run(_given, { client, out }) {
    await client(api.stopScanAll)
    await out.done('the scan of all images stops', 'stopped')
  },
}

const schedule: Verb<{ when?: string }> = {
  name: 'schedule',
  about: 'show when all images are scanned, or set that',
  arguments: [{ name: 'when', about: 'hourly, daily, weekly, none, or six fields of cron in UTC', isOptional: true }],
  examples: [
    ['marina scan-all schedule', 'the schedule in force'],
    ["marina scan-all schedule '0 0 2 * * *'", 'every night at two, UTC'],
    ['marina scan-all schedule none', 'no longer'],
  ],
  async run({ when }, { client, out }) {
    const { body: before } = await client(api.getScanAllSchedule)
    if (when === undefined) return out.row(scheduleShape, before)
    const type = types[when.toLowerCase()]
    const body = { schedule: type === undefined ? { type: 'Custom' as const, cron: when } : { type } }
    const isNew = before.schedule === undefined
    if (isNew && type === 'None') return out.done('there is no schedule', 'none')
    await client(isNew ? api.createScanAllSchedule : api.updateScanAllSchedule, { body })
    await out.done(type === 'None' ? 'all images are scanned by hand alone' : `all images are scanned ${when}`, when)
  },
}

const types: Record<string, 'Hourly' | 'Daily' | 'Weekly' | 'None'> = {
  hourly: 'Hourly',
  daily: 'Daily',
  weekly: 'Weekly',
  none: 'None',
}

const scheduleShape: Shape<Static<typeof Schedule>> = {
  kind: 'schedule',
  name: ({ schedule: plan }) => plan?.cron ?? 'none',
  columns: [
    { name: 'schedule', of: ({ schedule: plan }) => plan?.type?.toLowerCase() ?? 'none' },
    { name: 'cron', of: ({ schedule: plan }) => plan?.cron },
    { name: 'next', of: ({ schedule: plan }) => plan && time(plan.next_scheduled_time) },
  ],
}

export const verbs: Verb[] = [start, status, stop, schedule]

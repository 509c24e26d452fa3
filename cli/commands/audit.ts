import type { Static } from 'typebox'
import * as api from '../../api/audit.ts'
import type { ExecHistory } from '../../api/jobs.ts'
import type { Shape } from '../lib/output.ts'
import { parseLimit } from '../lib/pages.ts'
import { Problem, wrongUsage } from '../lib/problem.ts'
import { shortDigest, time } from '../lib/text.ts'
import type { Call, Option, Verb } from '../lib/verb.ts'
import { isOver, styleOf, watch } from '../lib/watch.ts'
import { idOf, limitOption, listing } from '../lib/words.ts'

type Entry = Static<typeof api.AuditLogExt>

const shape: Shape<Entry> = {
  kind: 'entry',
  name: ({ id }) => String(id),
  columns: [
    { name: 'time', of: (row) => time(row.op_time), style: () => 'dim' },
    { name: 'who', of: ({ username }) => username, shrinks: true },
    { name: 'did', of: ({ operation }) => operation },
    { name: 'to', of: (row) => row.resource_type },
    { name: 'name', of: ({ resource }) => shortDigest(resource), shrinks: true },
    { name: 'result', of: resultOf, style: (row) => (row.operation_result ? 'good' : 'bad') },
    { name: 'from', of: (row) => row.client_address },
  ],
}

function resultOf({ operation_result: isDone }: Entry): string {
  return isDone ? 'done' : 'refused'
}

type Given = {
  project?: string
  user?: string
  operation?: string
  type?: string
  resource?: string
  since?: string
  query?: string
  limit: string
}

const options: Option[] = [
  { flags: '--project <name>', about: 'only what happened in this project', complete: 'project' },
  { flags: '--user <name>', about: 'only what this account or robot did', complete: 'user' },
  { flags: '--operation <name>', about: 'only this: create, delete, pull, push, update, login_user, ...' },
  { flags: '--type <type>', about: 'only to this: artifact, tag, project, robot, member, ...' },
  { flags: '--resource <part>', about: 'only to what has this in its name' },
  { flags: '--since <time>', about: 'only from then on: 2026-11-30, 2026-11-30T08:00, 90m, 12h or 7d ago' },
  { flags: '-q, --query <q>', about: "more conditions, in the API's words: request_id=..., ..." },
  limitOption(50),
]

const list: Verb<Given> = {
  name: 'list',
  aliases: ['ls'],
  about: 'list what happened, newest first',
  options,
  examples: [
    ['marina audit list --since 1h', 'the last hour'],
    ['marina audit list --project team --operation delete --since 7d', 'who deleted what in a week'],
    ['marina audit list --user ann --limit 0 -o json', 'all that ann did, with every detail'],
    ['marina audit list -q request_id=4f2a-1', 'what a request did, by the id in an error'],
  ],
  async run({ project, limit, ...given }, { pages, out }) {
    const q = conditions(given, new Date())
    const query = { sort: '-op_time', ...(q === '' ? {} : { q }) }
    const { rows, total } =
      project === undefined
        ? await pages(api.listAuditLogExts, { query }, parseLimit(limit))
        : await pages(api.listProjectLogExts, { params: { project_name: project }, query }, parseLimit(limit))
    await out.rows(shape, rows, total)
  },
}

function conditions(
  { user, operation, type, resource, since, query }: Omit<Given, 'project' | 'limit'>,
  now: Date,
): string {
  const parts = [
    user && `username=${user}`,
    operation && `operation=${operation}`,
    type && `resource_type=${type}`,
    resource && `resource=~${resource}`,
    since && `op_time=[${parseSince(since, now)}~]`,
    query,
  ]
  return parts.filter(Boolean).join(',')
}

const unitsMs: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** In the form that the API's ranges take, UTC: `2026-11-30 06:48:00`. */
function parseSince(text: string, now: Date): string {
  const [, number, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? []
  const at = unit === undefined ? new Date(text) : new Date(now.getTime() - Number(number) * unitsMs[unit]!)
  if (Number.isNaN(at.getTime())) throw wrongUsage(`--since takes a time such as 2026-11-30T08:00, or 7d; not ${text}`)
  return at.toISOString().slice(0, 19).replace('T', ' ')
}

const events: Verb = {
  name: 'events',
  about: 'list the types of events that can be switched off or purged',
  async run(_given, { client, out }) {
    const { body } = await client(api.listAuditLogEventTypes)
    await out.rows(
      { kind: 'event', name: (row) => row.event_type, columns: [{ name: 'event', of: (row) => row.event_type }] },
      body,
    )
  },
}

type MaskRun = Static<typeof ExecHistory>

const mask: Verb<{ user: string; wait: boolean }> = {
  name: 'mask',
  about: 'replace the name of a deleted account by a checksum in the whole log',
  arguments: [{ name: 'user', about: 'the name that the account had' }],
  options: [{ flags: '--no-wait', about: 'do not wait for the end' }],
  asksFirst: true,
  examples: [['marina audit mask ann', 'ann was deleted, and the log must not name her']],
  async run({ user: name, wait }, call) {
    const says = `the audit log will no longer tell what the deleted account ${name} did under this name`
    if (!(await call.confirm([says], 'Go on?'))) return
    const { headers } = await call.client(api.maskAuditLog, { body: { username: name } })
    const id = idOf(headers)
    if (!wait) return call.out.done(`run ${id} has begun: marina audit maskings`, String(id))
    const ended = await followMasking(call, id)
    const { alias = '', masked_entries: entries = 0, note } = countsOf(ended)
    const found = `${entries} entries name ${alias} instead of ${name}`
    const nothing = `nothing was masked: ${note} (${name}); was it written so, in the same case?`
    await call.out.done(note === undefined ? found : nothing, String(id), ended)
  },
}

/** Shows how a run goes on, and returns it when it has ended. Throws Problem when it has failed or was stopped. */
async function followMasking({ client }: Call, id: number): Promise<MaskRun> {
  const params = { masking_id: id }
  const ended = await watch({
    name: `masking ${id}`,
    hint: 'the run goes on: marina audit maskings',
    read: async () => (await client(api.getAuditMasking, { params })).body,
    isOver: (row) => isOver(row.job_status),
    step: (row) => ({
      done: countsOf(row).masked_entries ?? 0,
      total: undefined,
      text: `${row.job_status}, ${countsOf(row).masked_entries ?? 0} entries`,
    }),
  })
  if (ended.job_status === 'Success') return ended
  throw new Problem(`run ${id} ended as ${ended.job_status}`, { wayOut: 'marina audit mask again goes on' })
}

type Counts = { alias?: string; masked_entries?: number; note?: string }

const countsOf = ({ job_parameters: text }: MaskRun) => JSON.parse(text) as Counts

const maskings = listing({
  operation: api.listAuditMaskings,
  shape: {
    kind: 'run',
    name: ({ id }) => String(id),
    columns: [
      { name: 'id', of: ({ id }) => id },
      { name: 'status', of: (row) => row.job_status, style: (row) => styleOf(row.job_status) },
      { name: 'now named', of: (row) => countsOf(row).alias },
      { name: 'entries', of: (row) => countsOf(row).masked_entries ?? 0 },
      { name: 'began', of: (row) => time(row.creation_time), style: () => 'dim' },
    ],
  },
  name: 'maskings',
  about: 'list the runs that replace names, newest first',
  most: 20,
})

export const verbs: Verb[] = [list, events, mask, maskings]

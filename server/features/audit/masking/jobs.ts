import { createHmac } from 'node:crypto'
import type { Actor, Topics } from '../../../catalog/topic.ts'
import type { Db, Tx } from '../../../platform/db/db.ts'
import { emit } from '../../../platform/events/emit.ts'
import { awaitPlace } from '../../../platform/events/places.ts'
import { failpoint } from '../../../platform/failpoint.ts'
import { enqueue } from '../../../platform/jobs/enqueue.ts'
import { handler, jobType, JobPostponed, type Job, type JobHandler, type Params } from '../../../platform/jobs/type.ts'
import { facts } from '../topics.ts'
import type { Subject } from './rules.ts'
import { dropMasking, findMasking, forgetSignIns, maskEntries, maskFacts, saveMasking, takenSince } from './store.ts'

/** Under Harbor's name. Several names wait for each other. The parameters hold no name: they outlive the job. */
const masking = jobType<{ masking_id: number; alias: string }>({
  name: 'AUDIT_LOGS_GDPR_COMPLIANT',
  isAlone: true,
  maxTries: 3,
  countsLosses: false,
  keep: 50,
})
export const maskingName = masking.name

const marina: Actor = { kind: 'system', id: null, name: 'audit log masking' }

/** Makes the alias of a name: the same each time, and nobody without Marina's key can tell the name from it. */
export type AliasOf = (name: string) => string

/** Accounts cannot have a name with `#`, so that no account can be taken for a deleted one. `key`: 32 bytes. */
export const aliasesBy =
  (key: Buffer): AliasOf =>
  (name) =>
    `deleted#${createHmac('sha256', key).update(name).digest('hex').slice(0, 16)}`

/** Asks, in a transaction, for a name to be masked. Returns the id of the execution. */
export async function beginMasking(tx: Tx, aliasOf: AliasOf, by: Actor, name: string): Promise<number> {
  const alias = aliasOf(name)
  const id = await saveMasking(tx, name)
  const { executionId } = await enqueue(tx, masking, {
    params: { masking_id: id, alias },
    trigger: 'MANUAL',
    attrs: { alias },
  })
  await emit(tx, [facts.maskingAsked({ executionId, alias }, by)])
  return executionId
}

type MaskingOptions = {
  db: Db
  topics: Topics
  /** The pause before the second pass, in ms. */
  againMs: number
  /** Rows that one transaction reads. */
  pageSize?: number
}

/** Where a run stands. It begins again there after a crash: each step is committed with its cursor. */
type Cursor = {
  pass: 1 | 2
  step: 'outbox' | 'event_parked' | 'entries' | 'end'
  id: number
  at: string
  facts: number
  entries: number
}

const first: Cursor = { pass: 1, step: 'outbox', id: 0, at: '-infinity', facts: 0, entries: 0 }

/**
 * Masks a name in facts and then in the log. A second pass, a little later, masks what was on its way during the first:
 * pulls and refusals are written some seconds after they happened.
 */
export function maskingHandler({ db, topics, againMs, pageSize = 5000 }: MaskingOptions): JobHandler {
  return handler(masking, async (job) => {
    const { params, executionId, log } = job
    const found = await findMasking(db, params.masking_id)
    const shown = (cursor: Cursor) => ({ attrs: { alias: params.alias, ...shownOf(cursor) } })
    // Only the last step removes the row: the run had come to its end, and its process was killed then.
    if (!found) return shown(readCursor(job.earlier))
    const to: Subject = { name: found.name, alias: params.alias }
    const step = stepper({ topics, to, pageSize, job, secondFrom: found.askedAt })
    let cursor = readCursor(job.earlier)
    const begun = cursor.pass
    while (cursor.step !== 'end' && cursor.pass === begun) cursor = await db.transaction((tx) => step(tx, cursor))
    log(`pass ${begun}: ${cursor.entries} entries and ${cursor.facts} facts masked as ${to.alias} so far`)
    if (shownOf(cursor)['note']) log(foundNothing)
    if (cursor.step !== 'end') throw new JobPostponed('what is written meanwhile is masked a little later', againMs)
    await db.transaction(async (tx) => {
      await forgetSignIns(tx, to.name)
      await dropMasking(tx, to.name)
      await emit(tx, [facts.auditMasked({ executionId, alias: to.alias, entries: cursor.entries }, marina)])
    })
    return shown(cursor)
  })
}

type StepOptions = {
  topics: Topics
  to: Subject
  pageSize: number
  job: Job<{ masking_id: number; alias: string }>
  /** When the masking was asked for: entries from long before it are not looked at again in the second pass. */
  secondFrom: Date
}

/** How far before the request the second pass begins, in ms. */
const overlapMs = 3_600_000

function stepper({ topics, to, pageSize: size, job, secondFrom }: StepOptions) {
  const { signal, keep } = job
  const beginOfEntries = (pass: 1 | 2) =>
    pass === 1 ? first.at : new Date(secondFrom.getTime() - overlapMs).toISOString()

  return async (tx: Tx, cursor: Cursor): Promise<Cursor> => {
    signal.throwIfAborted()
    const next = await move(tx, cursor, await takenSince(tx, to.name))
    failpoint('masking.page')
    await keep(tx, shownOf(next))
    return next
  }

  async function move(tx: Tx, cursor: Cursor, before: Date | undefined): Promise<Cursor> {
    const { pass, step, id, at } = cursor
    const page = { to, size, before }
    if (step === 'entries') {
      const { last, count } = await maskEntries(tx, { ...page, after: { at, id } })
      const counted = { ...cursor, entries: cursor.entries + count }
      if (last) return { ...counted, at: last.at, id: last.id }
      return pass === 2 ? { ...counted, step: 'end' } : { ...counted, pass: 2, step: 'outbox', id: 0 }
    }
    const table = step === 'outbox' ? 'outbox' : 'event_parked'
    // The log's own reaction stands still meanwhile: a fact that it has read it also writes before this goes on.
    await awaitPlace(tx, 'audit')
    const { last, count } = await maskFacts(tx, table, { ...page, topics, after: id })
    const counted = { ...cursor, facts: cursor.facts + count }
    if (last !== undefined) return { ...counted, id: last }
    if (table === 'outbox') return { ...counted, step: 'event_parked', id: 0 }
    return { ...counted, step: 'entries', at: beginOfEntries(pass), id: 0 }
  }
}

/** What a run that found nothing shows: whether a name was ever here only the run knows, which reads the whole log. */
const foundNothing = 'no entry and no fact is by or about an account of this name'

/** The progress that the API shows, and from which a run goes on. */
const shownOf = ({ pass, step, id, at, facts: masked, entries }: Cursor): Params => ({
  pass,
  step,
  id,
  at,
  masked_facts: masked,
  masked_entries: entries,
  ...(step === 'end' && masked + entries === 0 ? { note: foundNothing } : {}),
})

type Counts = { masked_facts: number; masked_entries: number }

function readCursor(earlier: Params): Cursor {
  if (earlier['step'] === undefined) return first
  const {
    masked_facts: masked,
    masked_entries: entries,
    ...rest
  } = earlier as Omit<Cursor, 'facts' | 'entries'> & Counts
  const { pass, step, id, at } = rest
  return { pass, step, id, at, facts: masked, entries }
}

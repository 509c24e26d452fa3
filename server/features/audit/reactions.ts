import type { Topics } from '../../catalog/topic.ts'
import type { Reaction, Told } from '../../platform/events/reaction.ts'
import type { Forwarder, Message } from '../../platform/observe/forward.ts'
import type { Metrics } from '../../platform/observe/metrics.ts'
import type { SettingsReader } from '../settings/index.ts'
import { entryOf, eventTypeOf, isSampled, parseEventTypes, type Entry } from './rules.ts'
import { makeMonths, saveEntries } from './store.ts'
import { presentExtended } from './wire.ts'

type Options = {
  settings: SettingsReader
  topics: Topics
  /** The share of pulls that get an entry, in %. */
  pullsPercent: number
}

/** Writes the log: one entry for each fact, in the transaction that advances the reaction's cursor. */
export function writeLog(options: Options): Reaction {
  let known = new Set<string>()
  return {
    name: 'audit',
    topics: 'all',
    begins: 'first',
    async handle(tx, facts) {
      if (await options.settings.get('skip_audit_log_database')) return
      const entries = await wanted(options, facts)
      if (entries.length === 0) return
      const months = new Map(entries.map(({ occurredAt }) => [occurredAt.toISOString().slice(0, 7), occurredAt]))
      try {
        if ([...months.keys()].some((month) => !known.has(month))) await makeMonths(tx, [...months.values()])
        await saveEntries(tx, entries)
        known = new Set([...known, ...months.keys()])
      } catch (error) {
        // A purge may have dropped the table of a month: the retry makes it again.
        known = new Set()
        throw error
      }
    },
  }
}

/**
 * Forwards the log to the server that `audit_log_forward_endpoint` names, if any. Does not wait for the server: the
 * forwarder has a buffer of limited size.
 */
export function forwardLog(options: Options & { forwarder: Forwarder }): Reaction {
  return {
    name: 'audit-forward',
    topics: 'all',
    begins: 'now',
    async handle(_tx, facts) {
      const endpoint = await options.settings.get('audit_log_forward_endpoint')
      if (endpoint !== '')
        for (const entry of await wanted(options, facts)) options.forwarder.send(endpoint, messageOf(entry))
    },
  }
}

function messageOf(entry: Entry): Message {
  return {
    at: entry.occurredAt,
    kind: eventTypeOf(entry),
    isWarning: !entry.isSuccess,
    content: presentExtended(entry),
  }
}

async function wanted({ settings, topics, pullsPercent }: Options, facts: Told[]): Promise<Entry[]> {
  const disabled = parseEventTypes(await settings.get('disabled_audit_log_event_types'))
  const isSwitchedOn = (entry: Entry) => !disabled.has(eventTypeOf(entry))
  const isKept = ({ id, operation }: Entry) => operation !== 'pull' || isSampled(id, pullsPercent)
  return facts.map((fact) => entryOf(topics, fact)).filter((entry) => isSwitchedOn(entry) && isKept(entry))
}

export const measureForwarder = (forwarder: Forwarder) => (metrics: Metrics) => {
  const { gauge } = metrics
  gauge(
    'marina_audit_forward_waiting',
    'Audit messages waiting to be sent to the forward endpoint',
    () => forwarder.counts().waiting,
  )
  gauge('marina_audit_forward_lost', 'Audit messages dropped because too many waited', () => forwarder.counts().lost)
}

import type { Static } from 'typebox'
import type { Schedule } from '../../../../api/jobs.ts'
import type { Topics } from '../../../catalog/topic.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { eventTypesOf, parseEventTypes, strangeTypeIn } from '../rules.ts'
import { isGroup, type PurgeParams } from './rules.ts'

/** The longest retention, in hours, as in Harbor: 27 years. */
const longestRetention = 240_000

/** Parses the parameters of a purge. As in Harbor, a purge that names no types removes nothing. Throws BAD_REQUEST. */
export function parsePurge({ parameters = {} }: Static<typeof Schedule>, topics: Topics): PurgeParams {
  const {
    audit_retention_hour: hours,
    dry_run: isDryRun = false,
    include_event_types: types = '',
    include_operations: operations = '',
  } = parameters
  if (!Number.isInteger(hours) || (hours as number) < 1 || (hours as number) > longestRetention)
    throw new Failure(
      'BAD_REQUEST',
      `parameters.audit_retention_hour must be a number of hours from 1 to ${longestRetention}`,
    )
  if (typeof isDryRun !== 'boolean') throw new Failure('BAD_REQUEST', 'parameters.dry_run must be true or false')
  if (typeof types !== 'string' || typeof operations !== 'string')
    throw new Failure(
      'BAD_REQUEST',
      'parameters.include_event_types must be event types with commas between, other or *',
    )
  const known = new Set(eventTypesOf(topics))
  const asked = [...parseEventTypes(types)]
  const strange = strangeTypeIn(asked.filter((type) => !isGroup(type)).join(','), topics)
  if (strange !== undefined) throw new Failure('BAD_REQUEST', `parameters.include_event_types: ${strange}`)
  // Clients of Harbor before 2.13 name operations: create, delete, pull. When both are given, the event types hold.
  const olds = asked.length > 0 ? new Set<string>() : parseEventTypes(operations)
  const all = [...asked, ...[...known].filter((type) => olds.has(type.slice(0, type.indexOf('_'))))]
  return { audit_retention_hour: hours as number, include_event_types: [...new Set(all)].join(','), dry_run: isDryRun }
}

import { times, topic } from '../../catalog/topic.ts'
import { schedulingOf } from '../job-service/index.ts'

/** Where a refused request came from. The fact itself holds it, since refusals are batched and written later. */
type Refused = { count: number; origin: { address: string; requestId: string } }
type Run = { executionId: number }
/** `alias`: what stands in the place of the name. */
type Masking = Run & { alias: string }
type Purge = {
  audit_retention_hour: number
  include_event_types?: string
  include_operations?: string
  dry_run: boolean
}

const resource = () => 'audit_log'

export const facts = {
  loginFailed: topic<Refused & { name: string }>('login.failed', {
    type: 'user',
    operation: 'login',
    isFailure: true,
    description: ({ name, count }) => `wrong name or password: ${name}${times(count)}`,
  }),
  /** `name`: the subject of the certificate. */
  certificateRefused: topic<Refused & { name: string; reason: string }>('certificate.refused', {
    type: 'user',
    operation: 'login',
    isFailure: true,
    description: ({ name, reason, count }) => `refused certificate: ${name}: ${reason}${times(count)}`,
  }),
  changeRefused: topic<Refused & { what: string; projectId?: number }>('change.refused', {
    type: 'request',
    operation: 'refuse',
    isFailure: true,
    resource: ({ what }) => what,
    description: ({ what, count }) => `refused: ${what}${times(count)}`,
  }),
  auditPurged: topic<Run & { before: string; eventTypes: string[]; removed: number }>('audit-log.purged', {
    resource,
    description: ({ removed, before }) => `purge audit log: ${removed} entries from before ${before}`,
  }),
  maskingAsked: topic<Masking>('audit-masking.asked', { resource }),
  auditMasked: topic<Masking & { entries: number }>('audit-log.masked', {
    resource,
    description: ({ entries, alias }) => `mask audit log: ${entries} entries of ${alias}`,
  }),
  purgeAsked: topic<Run & Purge>('audit-purge.asked'),
  purgeStopped: topic<Run>('audit-purge.stopped'),
  /** `cron` is null when the schedule was removed. */
  purgeScheduled: topic<{ cron: string | null } & Partial<Purge>>('audit-purge.scheduled', {
    resource,
    description: schedulingOf('the purge of the audit log'),
  }),
}

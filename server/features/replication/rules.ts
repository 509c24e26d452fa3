import { isVisible } from '../../platform/visible.ts'
import { BadCron, checkCron } from '../../platform/jobs/cron.ts'
import { isRemoteName } from '../../registry/remote/name.ts'
import { filterProblem } from './filters.ts'
import { namingProblem } from './names.ts'
import type { NewPolicy } from './policy.ts'

/** `os/architecture[/variant]`, as in an index's `platform` (OCI Image Index, "platform"). */
const platformForm = /^[a-z0-9]+\/[a-z0-9_]+(?:\/[a-z0-9]+)?$/

/** Why a policy cannot be saved (S3-06 to S3-09), in Harbor's words where it has some; undefined when it can. */
export function policyProblem(policy: NewPolicy): string | undefined {
  const { name, description, filters, naming, platforms, isSingle, trigger } = policy
  if (name === '') return 'empty name'
  if (name.length > 256 || !isVisible(name)) return 'name must have at most 256 characters, without control characters'
  if (description.length > 1024) return 'description must have at most 1024 characters'
  const filter = filters.map(filterProblem).find((one) => one !== undefined)
  if (filter) return filter
  if (trigger === 'scheduled') {
    const cron = cronProblem(policy.cron)
    if (cron) return cron
  }
  if (isSingle && trigger === 'event_based')
    return 'single_active_replication cannot be used with event_based: events are merged into one run anyway'
  if (naming.namespace !== '' && !isRemoteName(naming.namespace))
    return `invalid destination namespace: ${naming.namespace}`
  const template = namingProblem(naming)
  if (template) return template
  const platform = platforms.find((one) => !platformForm.test(one))
  return (
    platform && `platforms holds ${JSON.stringify(platform.slice(0, 60))}; write os/architecture, such as linux/arm64`
  )
}

/** S3-09: the first field must be 0 and the second no `*`, so that no policy runs each minute. */
function cronProblem(cron: string): string | undefined {
  if (cron === '') return 'the cron string cannot be empty when the trigger type is scheduled'
  const fields = cron.trim().split(/\s+/)
  const invalid = `invalid cron string for scheduled trigger: ${cron}`
  if (fields.length !== 6) return invalid
  if (fields[0] !== '0') return 'the 1st field (indicating Seconds of time) of the cron setting must be 0'
  if (fields[1] === '*') return 'the 2nd field (indicating Minutes of time) of the cron setting cannot be *'
  try {
    checkCron(cron)
    return undefined
  } catch (error) {
    if (error instanceof BadCron) return invalid
    throw error
  }
}

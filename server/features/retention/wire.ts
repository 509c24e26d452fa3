import type { Static } from 'typebox'
import type * as api from '../../../api/retention.ts'
import { Failure } from '../../platform/http/failure.ts'
import { BadCron, checkCron } from '../../platform/jobs/cron.ts'
import type { Execution, Task } from '../../platform/jobs/views.ts'
import { parseHarborRules, presentHarborRules } from './harbor.ts'
import { parseOrderedRules, presentOrderedRules } from './ordered.ts'
import { choiceProblem, starsProblem } from './patterns.ts'
import { ruleSetOf, type NewPolicy, type Policy, type PolicyRules } from './policy.ts'

type Body = Static<typeof api.RetentionPolicy>

/** Reads a whole policy. Throws BAD_REQUEST, and CONFLICT for rules that are the same. */
export function parsePolicy(body: Body): NewPolicy {
  return { ...parseScope(body), ...parseRules(body), cron: parseTrigger(body) }
}

function parseScope({ scope }: Body): Pick<NewPolicy, 'projectId' | 'projects' | 'alsoWithOwn'> {
  if (!scope) throw new Failure('BAD_REQUEST', 'scope is missing')
  const { level = '', ref = 0, projects = [], also_with_own: alsoWithOwn = false } = scope
  if (level === 'project') return { projectId: ref, projects: [], alsoWithOwn: false }
  if (level !== 'system') throw new Failure('BAD_REQUEST', `scope ${level} is not support`)
  const choices = projects.map(({ pattern, excludes = false }) => ({ pattern, excludes }))
  const problems = [starsProblem(projects.map(({ pattern }) => pattern)), ...projects.map(patternOf)]
  const problem = problems.find((one) => one !== undefined)
  if (problem !== undefined) throw new Failure('BAD_REQUEST', `scope.projects: ${problem}`)
  return { projectId: null, projects: choices, alsoWithOwn }
}

const patternOf = ({ pattern }: { pattern: string }) => choiceProblem({ kind: 'doublestar', pattern })

/** Reads the rules of either kind. */
export function parseRules({ algorithm = 'or', rules, ordered_rules: ordered }: Body): PolicyRules {
  if (algorithm === 'ordered') {
    if (rules && rules.length > 0)
      throw new Failure('BAD_REQUEST', 'the algorithm ordered takes ordered_rules, not rules')
    return { algorithm, rules: parseOrderedRules(ordered ?? []) }
  }
  if (algorithm !== 'or' && algorithm !== '') throw new Failure('BAD_REQUEST', 'the algorithm must be or, or ordered')
  if (ordered) throw new Failure('BAD_REQUEST', 'ordered_rules need the algorithm ordered')
  return { algorithm: 'or', rules: parseHarborRules(rules ?? []) }
}

/** The rules and the schedule of a policy whose project is not known yet, as templates of projects have them. */
export type ProjectRetention = PolicyRules & { cron: string }

/** Throws BAD_REQUEST, and CONFLICT for rules that are the same. */
export const parseProjectRetention = (body: Body): ProjectRetention => ({
  ...parseRules(body),
  cron: parseTrigger(body),
})

export const presentProjectRetention = (given: ProjectRetention): Body => ({
  algorithm: given.algorithm,
  ...presentRules(given),
  trigger: { kind: 'Schedule', settings: { cron: given.cron } },
})

function parseTrigger({ trigger: { kind = 'Schedule', settings = {} } = {} }: Body): string {
  if (kind !== 'Schedule' && kind !== '') throw new Failure('BAD_REQUEST', 'trigger.kind must be Schedule')
  const cron = settings['cron'] ?? ''
  if (typeof cron !== 'string') throw new Failure('BAD_REQUEST', 'trigger.settings.cron must be a text')
  if (cron === '') return ''
  try {
    return checkCron(cron)
  } catch (error) {
    if (!(error instanceof BadCron)) throw error
    const shown = cron.slice(0, 80)
    throw new Failure(
      'BAD_REQUEST',
      `invalid cron string for scheduled tag retention: ${shown}, error: ${error.message}`,
    )
  }
}

const presentRules = (policy: PolicyRules): Pick<Body, 'rules' | 'ordered_rules'> =>
  policy.algorithm === 'or'
    ? { rules: presentHarborRules(policy.rules) }
    : { rules: [], ordered_rules: presentOrderedRules(ruleSetOf(policy)) }

/** `nextAt`: when its schedule runs it next. */
export function presentPolicy(policy: Policy, nextAt: Date | undefined): Body {
  const { id, projectId, projects, alsoWithOwn, cron } = policy
  const next = nextAt ? { next_scheduled_time: nextAt.toISOString() } : {}
  return {
    id,
    algorithm: policy.algorithm,
    ...presentRules(policy),
    scope:
      projectId === null
        ? { level: 'system', ref: 0, projects, also_with_own: alsoWithOwn }
        : { level: 'project', ref: projectId },
    trigger: { kind: 'Schedule', settings: { cron, ...next } },
  }
}

/** Harbor's time of something that has not happened yet. */
const notYet = '0001-01-01T00:00:00Z'
const timeOf = (at: Date | null) => (at ? at.toISOString() : notYet)

export function presentExecution(execution: Execution): Static<typeof api.RetentionExecution> {
  const { id, vendorId, startedAt, endedAt, status, trigger, attrs, message } = execution
  return {
    id,
    policy_id: vendorId,
    start_time: startedAt.toISOString(),
    end_time: timeOf(endedAt),
    status,
    trigger: trigger === 'SCHEDULE' ? 'Schedule' : trigger,
    dry_run: attrs['dry_run'] === true,
    status_message: message,
  }
}

/** Harbor's numbers of the states of a job. */
const codeOf = { Pending: 0, Running: 2, Success: 3, Error: 3, Stopped: 3 }

export function presentTask(task: Task): Static<typeof api.RetentionTask> {
  const { id, executionId, status, revision, params, attrs, startedAt, endedAt, createdAt } = task
  return {
    id,
    execution_id: executionId,
    repository: String(params['short']),
    job_id: String(id),
    status,
    status_code: codeOf[status],
    status_revision: revision,
    start_time: timeOf(startedAt ?? createdAt),
    end_time: timeOf(endedAt),
    total: Number(attrs['total'] ?? 0),
    retained: Number(attrs['retained'] ?? 0),
  }
}

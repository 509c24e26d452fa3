import * as api from '../../../api/retention-preview.ts'
import { isDigest } from '../../../oci/digest.ts'
import { isTag } from '../../../oci/reference.ts'
import { findTag } from '../../catalog/tag.ts'
import { findProjectById } from '../../catalog/project.ts'
import { sql } from '../../platform/db/sql.ts'
import { Failure } from '../../platform/http/failure.ts'
import { readJobLog } from '../../platform/jobs/log.ts'
import { findSchedule } from '../../platform/jobs/schedule.ts'
import { findExecution, findFirstTask, listExecutions } from '../../platform/jobs/views.ts'
import { actorOf } from '../../registry/caller.ts'
import type { PushGates } from '../../registry/gate.ts'
import { route, type ApiRoute } from '../access/index.ts'
import { getRepositoryOf } from '../repositories/index.ts'
import { explainArtifact, policiesFor } from './explain.ts'
import type { Ground } from './ground.ts'
import { vendorType } from './jobs.ts'
import { presentOrderedRules } from './ordered.ts'
import { ruleSetOf } from './policy.ts'
import { preview } from './preview.ts'
import { countLeft, restoreRun, restoreType } from './restore.ts'
import { openRightsOf } from './rights.ts'
import { listSystemPolicies } from './store.ts'
import { parseRules, presentPolicy } from './wire.ts'
import { presentDecision, presentPick, presentPreview } from './wire-preview.ts'

/** Limits of what is said beforehand; `keepMs`: how long a deletion can be restored. */
export type PreviewLimits = { askAbove: number; previewTags: number; keepMs: number }
type Lent = Ground & { gates: PushGates } & PreviewLimits

/** How long a preview may take, in ms: less than clients and proxies wait. */
const patienceMs = 55_000
const rowsByDefault = 1000

/** What Harbor does not have: previews and explanations, the system's policies, and taking a run back. */
export const previewRoutes = (lent: Lent): ApiRoute[] => [
  ...sayRoutes(lent),
  ...explainRoutes(lent),
  ...systemRoutes(lent),
  ...restoreRoutes(lent),
]

function sayRoutes(lent: Lent): ApiRoute[] {
  const { db } = lent
  const { demand } = openRightsOf(db)
  return [
    route(api.previewRetention, 'own', async ({ body, rights }) => {
      const { project_id: projectId, policy: given, repository, show, rows = rowsByDefault } = body
      await demand(rights, projectId, 'read')
      const project = (await findProjectById(db, projectId))!
      const [saved] = await policiesFor(db, project)
      if (!given && !saved)
        throw new Failure('BAD_REQUEST', 'the project has no retention policy: send the rules to preview in policy')
      const found = await preview(lent, {
        project,
        ruleSet: ruleSetOf(given ? parseRules(given) : saved!),
        saved: given && saved ? ruleSetOf(saved) : undefined,
        repository,
        show,
        rows,
        tags: lent.previewTags,
        signal: AbortSignal.timeout(patienceMs),
      }).catch((error: unknown) => {
        if (!(error instanceof Error) || error.name !== 'TimeoutError') throw error
        throw new Failure('UNAVAILABLE', 'this takes too long for an answer: name a repository, or start a dry run')
      })
      return presentPreview(found, lent.askAbove)
    }),
  ]
}

function explainRoutes(lent: Lent): ApiRoute[] {
  const { db } = lent
  const { getPolicy } = openRightsOf(db)
  return [
    route(api.explainRetention, { project: 'tag-retention', verb: 'read' }, async ({ project, params }) => {
      const repository = await getRepositoryOf(lent, project, params.repository_name)
      const { reference } = params
      const tag = isTag(reference) ? reference : undefined
      const digest = isDigest(reference) ? reference : tag && (await findTag(lent, repository.name, tag))?.digest
      const isHere =
        digest &&
        (await db.row(sql`
        select id from artifact where repository_id = ${repository.id} and digest = ${digest}`))
      if (!digest || !isHere) throw new Failure('NOT_FOUND', `${reference} does not exist in ${repository.name}`)
      const explained = await explainArtifact(lent, project, repository, { digest, tag })
      const policies = await Promise.all(
        explained.map(async ({ policy, decision, picks }) => {
          const nextAt = (await findSchedule(db, vendorType, policy.id))?.nextAt
          return {
            policy_id: policy.id,
            level: policy.projectId === null ? 'system' : 'project',
            ...(nextAt ? { next_run: nextAt.toISOString() } : {}),
            decision: presentDecision(decision),
            rules: picks.map(presentPick),
          }
        }),
      )
      const kept = explained.every(({ decision }) => decision.isKept)
      return { digest, ...(tag === undefined ? {} : { tag }), kept, policies }
    }),
    route(api.convertRetention, 'own', async ({ params: { id }, rights }) => {
      const policy = await getPolicy(rights, id, 'read', new Failure('NOT_FOUND', `retention policy ${id} not found`))
      const ruleSet = ruleSetOf(policy)
      return { decides: ruleSet.decides, ordered_rules: presentOrderedRules(ruleSet) }
    }),
  ]
}

function systemRoutes({ db }: Lent): ApiRoute[] {
  return [
    route(api.listSystemRetentions, { system: 'configuration', verb: 'read' }, async ({ query }) => {
      const { page = 1, page_size: size = 10 } = query
      const [all, at] = [await listSystemPolicies(db), (Math.max(1, page) - 1) * (size <= 0 ? 100 : size)]
      const shown = all.slice(at, at + (size <= 0 ? 100 : size))
      const rows = await Promise.all(
        shown.map(async (policy) => presentPolicy(policy, (await findSchedule(db, vendorType, policy.id))?.nextAt)),
      )
      return { rows, total: all.length }
    }),
  ]
}

function restoreRoutes(lent: Lent): ApiRoute[] {
  const { db, keepMs } = lent
  const { getPolicy } = openRightsOf(db)
  const noSuch = (id: number) => new Failure('NOT_FOUND', `retention policy ${id} not found`)
  return [
    route(api.restoreRetention, 'own', async ({ params: { id, eid }, caller, rights }) => {
      const policy = await getPolicy(rights, id, 'update', noSuch(id))
      await getRun(id, eid)
      await restoreRun(lent, actorOf(caller), policy, eid)
    }),
    route(api.getRetentionRestore, 'own', async ({ params: { id, eid }, rights }) => {
      await getPolicy(rights, id, 'read', noSuch(id))
      await getRun(id, eid)
      const vendor = { vendorType: restoreType.name, vendorId: eid }
      const { rows } = await listExecutions(db, vendor, { where: sql`true`, order: sql`id desc`, limit: 1, offset: 0 })
      const task = rows[0] && (await findFirstTask(db, rows[0].id))
      return {
        status: rows[0]?.status ?? 'None',
        restored: Number(task?.attrs['restored'] ?? 0),
        failed: Number(task?.attrs['failed'] ?? 0),
        restorable: await countLeft(db, eid, keepMs),
        log: (task && (await readJobLog(db, task.id))) ?? '',
      }
    }),
  ]

  async function getRun(policyId: number, executionId: number): Promise<void> {
    if (!(await findExecution(db, { vendorType, vendorId: policyId }, executionId)))
      throw new Failure('NOT_FOUND', `execution ${executionId} not found`)
  }
}

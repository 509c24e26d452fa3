import { isDigest } from '../../../oci/digest.ts'
import type { Project } from '../../catalog/project.ts'
import type { Actor } from '../../catalog/topics.ts'
import type { Db } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { mayInProject, type Rights } from '../access/index.ts'
import { dropReport, findProjectsOf, findRepositories, saveReport, type Running } from './store.ts'
import { facts } from './topics.ts'

type Image = { repository: string; digest: string; workload?: string }
type Report = { cluster: string; ttlSeconds: number; images: Image[] }
type Result = { kept: number; expiresAt: Date; passedOver: (Image & { reason: string })[] }

/** The most images that the answer names as passed over. */
const mostNamed = 100

/**
 * Takes a cluster's report in place of its last one, in the projects whose retention the caller may change. Images of
 * other projects and repositories are passed over, so that one of them does not cost the others their protection.
 */
export async function takeReport(db: Db, by: Actor, rights: Rights, report: Report): Promise<Result> {
  const { cluster, ttlSeconds, images } = report
  const bad = images.find(({ digest }) => !isDigest(digest))
  if (bad) throw new Failure('BAD_REQUEST', `${bad.digest.slice(0, 80)} is no digest`)
  const may = (project: { id: number; name: string; isPublic: boolean }) =>
    mayInProject(rights, project, 'tag-retention', 'create')
  const rows = await findRepositories(db, [...new Set(images.map(({ repository }) => repository))])
  const known = new Map(
    rows
      .filter(({ projectId: id, project: name, isPublic }) => may({ id, name, isPublic }))
      .map((one) => [one.name, one]),
  )
  const kept = images.flatMap(({ repository, digest, workload = '' }): Running[] => {
    const found = known.get(repository)
    return found ? [{ projectId: found.projectId, repositoryId: found.id, digest, workload }] : []
  })
  // Callers cannot tell a repository that is absent from one that is not theirs.
  const reason = 'no such repository, or no right to its retention (tag-retention:create)'
  const passedOver = images.filter(({ repository }) => !known.has(repository)).map((one) => ({ ...one, reason }))
  const mine = (await findProjectsOf(db, cluster)).filter(may).map(({ id }) => id)
  const projectIds = [...new Set([...mine, ...kept.map(({ projectId }) => projectId)])]
  const expiresAt = await db.transaction(async (tx) => {
    const at = await saveReport(tx, { cluster, ttlSeconds, by }, projectIds, kept)
    await emit(
      tx,
      projectIds.map((projectId) => {
        const count = kept.filter((one) => one.projectId === projectId).length
        return facts.deploymentsReported({ projectId, cluster, images: count }, by)
      }),
    )
    return at
  })
  return { kept: kept.length, expiresAt, passedOver: passedOver.slice(0, mostNamed) }
}

/** Throws NOT_FOUND when the cluster runs nothing of the project. */
export async function forgetReport(db: Db, by: Actor, project: Project, cluster: string): Promise<void> {
  await db.transaction(async (tx) => {
    if ((await dropReport(tx, project.id, cluster)) === 0)
      throw new Failure('NOT_FOUND', `the cluster ${cluster} has reported nothing of this project`)
    await emit(tx, [facts.deploymentsForgotten({ projectId: project.id, cluster }, by)])
  })
}

import * as api from '../../../../api/artifact-graph.ts'
import { findArtifacts as findArtifactsOperation } from '../../../../api/find.ts'
import type { Reader } from '../../../catalog/reader.ts'
import type { Viewer } from '../../../catalog/viewer.ts'
import { listing } from '../../../platform/db/listing.ts'
import { sql } from '../../../platform/db/sql.ts'
import {
  mayInEvery,
  partsHolding,
  projectsHolding,
  route,
  viewerInside,
  viewerOf,
  type ApiRoute,
  type Rights,
} from '../../access/index.ts'
import { findArtifacts } from '../find.ts'
import { graphOf } from '../graph/graph.ts'
import { listPlaces } from '../graph/store.ts'
import { getArtifact, type Parts } from './shared.ts'

/** What an artifact is made of, what is about it, and where else it is. */
export function graphRoutes({ reader, artifacts }: Parts): ApiRoute[] {
  const { db } = reader
  return [
    route(api.getArtifactGraph, { project: 'artifact', verb: 'read' }, async ({ project, params, rights }) => {
      const { artifact } = await getArtifact({ reader, artifacts }, project, params)
      return graphOf({ db, artifacts }, artifact, await readable(reader, rights))
    }),
    route(api.listArtifactPlaces, { project: 'artifact', verb: 'read' }, async ({ project, params, query, rights }) => {
      const { page = 1, page_size: pageSize = 10 } = query
      const part = listing({}, { page, page_size: pageSize }, sql`repository.name`)
      const { artifact } = await getArtifact({ reader, artifacts }, project, params)
      const { rows, total } = await listPlaces(db, artifact, await readable(reader, rights), part)
      return {
        total,
        rows: rows.map(({ projectId, projectName, repositoryName, digest, tags, pushedAt }) => ({
          project_id: projectId,
          project_name: projectName,
          repository_name: repositoryName,
          digest,
          tags,
          push_time: pushedAt.toISOString(),
        })),
      }
    }),
    route(findArtifactsOperation, 'anyone', async ({ query, rights }) => {
      const rows = await findArtifacts(db, await readable(reader, rights), query.q)
      return rows.map(({ projectName, repositoryName, digest, tag, type, size, pushedAt }) => ({
        project_name: projectName,
        repository_name: repositoryName,
        digest,
        ...(tag === null ? {} : { tag }),
        type,
        size,
        push_time: pushedAt.toISOString(),
      }))
    }),
  ]
}

/**
 * The projects and parts of projects whose artifacts these rights list. A robot may belong to a project and have
 * another right there.
 */
async function readable(reader: Reader, rights: Rights): Promise<Viewer> {
  if (rights.kind === 'user' || rights.kind === 'anonymous' || rights.isDisabled)
    return viewerInside(
      await viewerOf(reader, rights, (one) => mayInEvery(one, 'artifact', 'list')),
      rights,
      'artifact',
      'list',
    )
  const read = await projectsHolding(reader, rights, 'artifact', 'list')
  if (read === 'all') return { seesAll: true }
  return { seesAll: false, projectIds: read, parts: partsHolding(rights, 'artifact', 'list') }
}

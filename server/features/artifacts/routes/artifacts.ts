import type { IncomingMessage } from 'node:http'
import * as api from '../../../../api/artifacts.ts'
import { isRepositoryName } from '../../../../oci/reference.ts'
import type { Project } from '../../../catalog/project.ts'
import { uncached } from '../../../platform/cache/cache.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { created } from '../../../platform/http/reply.ts'
import { actorOf } from '../../../registry/caller.ts'
import { route, viewerIn, type ApiRoute } from '../../access/index.ts'
import { getRepositoryOf } from '../../repositories/index.ts'
import { copyArtifact } from '../actions/copy.ts'
import { deleteArtifact } from '../actions/delete.ts'
import type { Wanted } from '../columns.ts'
import { openArtifacts } from '../objects.ts'
import { artifactListing, listArtifactIds, listArtifactIdsOfProject } from '../store.ts'
import { writeArtifacts, writeOne } from '../text/write.ts'
import {
  getArtifact,
  getKept,
  getSource,
  parseArtifactReference,
  parseFrom,
  refuseCache,
  type Parts,
} from './shared.ts'

export const artifactsRoutes = (parts: Parts): ApiRoute[] => [...listRoutes(parts), ...oneRoutes(parts)]

/** Those who hold the right in some repositories see the artifacts of these. */
const ofSome = { project: 'artifact', verb: 'list', isPartly: true } as const

function listRoutes({ reader, cachesLists, artifacts, overviews, columns }: Parts): ApiRoute[] {
  const lists = cachesLists ? reader : uncached(reader)
  const source = cachesLists ? artifacts : openArtifacts(lists, overviews)
  return [
    route(api.listArtifacts, { project: 'artifact', verb: 'list' }, async ({ project, params, query, request }) => {
      const asked = artifactListing(query)
      const repository = await getRepositoryOf(reader, project, params.repository_name)
      const { ids, total } = await listArtifactIds(reader, repository.id, asked, cachesLists && isPlain(query))
      return { rows: await show(project, ids, wantedBy(query, request)), total }
    }),
    route(api.listArtifactsOfProject, ofSome, async ({ project, query, request, rights }) => {
      const asked = artifactListing(query)
      const { latest_in_repository: latest = false } = query
      const viewer = viewerIn(rights, project, 'artifact', 'list')
      const { ids, total } = await listArtifactIdsOfProject(reader.db, project.id, viewer, asked, latest)
      return { rows: await show(project, ids, wantedBy(query, request)), total }
    }),
  ]

  async function show(project: Project, ids: number[], wanted: Wanted) {
    const listed = await source.listKept(ids, { withOverviews: wanted.with_scan_overview ?? false })
    return writeArtifacts(columns, { reader: lists, source, project, artifacts: listed, wanted })
  }
}

/** The columns that a request asks for by its query, and the types of reports by its header. */
function wantedBy(query: Wanted, { headers }: IncomingMessage): Wanted {
  const accepted = headers['x-accept-vulnerabilities']
  return accepted === undefined ? query : { ...query, accepted_vulnerabilities: accepted.toString() }
}

/** Whether a query asks for the plain list: no filter, newest first. Most do. */
const isPlain = ({ q = '', sort = '' }: { q?: string; sort?: string }) =>
  q.trim() === '' && ['', '-push_time'].includes(sort.trim())

function oneRoutes({ reader, gates, artifacts, columns }: Parts): ApiRoute[] {
  const { db } = reader
  return [
    route(api.getArtifact, { project: 'artifact', verb: 'read' }, async ({ project, params, query, request }) => {
      const wanted = wantedBy(query, request)
      const withOverviews = wanted.with_scan_overview ?? false
      const { artifact } = await getKept({ reader, artifacts }, project, params, { withOverviews })
      return writeOne(columns, { reader, source: artifacts, project, artifacts: [artifact], wanted })
    }),
    route(api.deleteArtifact, { project: 'artifact', verb: 'delete' }, async ({ project, params, caller }) => {
      const { repository, artifact } = await getArtifact({ reader, artifacts }, project, params)
      await deleteArtifact(db, gates, actorOf(caller), repository, artifact.digest)
    }),
    route(api.copyArtifact, { project: 'artifact', verb: 'create' }, async (asked) => {
      const { project, params, query, caller, rights } = asked
      refuseCache(project)
      const name = `${project.name}/${params.repository_name}`
      if (!isRepositoryName(name)) throw new Failure('BAD_REQUEST', 'the name of the repository is not valid')
      const from = parseFrom('from', query.from)
      const {
        repository,
        artifact: { digest },
      } = await getSource(reader, from, rights, 'artifact')
        .then((origin) => getArtifact({ reader, artifacts }, origin, from))
        .catch((error: unknown) => refuseMissing(error, query.from))
      const reference = parseArtifactReference(from.reference)
      const source = { repository, digest, tag: 'tag' in reference ? reference.tag : undefined }
      await copyArtifact(db, gates, actorOf(caller), source, { project, name })
      return created(from.reference)
    }),
  ]
}

/** An absent source is BAD_REQUEST, as in Harbor: the path of the request is that of the target, which exists. */
function refuseMissing(error: unknown, from: string): never {
  const isMissing = error instanceof Failure && error.code === 'NOT_FOUND'
  throw isMissing ? new Failure('BAD_REQUEST', `artifact ${from} not found`, { cause: error }) : error
}

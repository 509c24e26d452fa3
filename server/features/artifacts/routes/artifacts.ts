import { Type } from 'typebox'
import { Artifact } from '../../../../api/artifacts.ts'
import { listQuery, pageQuery, ProjectEither } from '../../../../api/requests.ts'
import { isRepositoryName } from '../../../../oci/reference.ts'
import { findProject } from '../../../catalog/project.ts'
import { uncached } from '../../../platform/cache/cache.ts'
import { listing } from '../../../platform/db/listing.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { pageHeaders } from '../../../platform/http/paging.ts'
import { actorOf } from '../../../registry/caller.ts'
import { mayInProject, maySee, route, type Rights } from '../../access/index.ts'
import { getRepositoryOf } from '../../repositories/index.ts'
import { copyArtifact } from '../actions/copy.ts'
import { deleteArtifact } from '../actions/delete.ts'
import { hydrate } from '../hydrate.ts'
import { newestFirst } from '../pages.ts'
import { openArtifacts } from '../objects.ts'
import { artifactFields, listArtifactIds, listArtifactIdsOfProject } from '../store.ts'
import { artifactPath, presentArtifact } from '../wire.ts'
import { getArtifact, listPath, ListParams, onePath, OneParams, parseArtifactReference, tag, wantedQuery, type Parts } from './shared.ts'

const ListArtifactsQuery = Type.Object({ ...listQuery, ...wantedQuery })

export function listRoutes({ reader, gates, cachesLists, artifacts, columns }: Parts) {
  const { db } = reader
  const lists = cachesLists ? reader : uncached(reader)
  const source = cachesLists ? artifacts : openArtifacts(lists)
  return [
    route({
      id: 'listArtifacts', tag, method: 'GET', path: listPath, access: { project: 'artifact', verb: 'list' },
      summary: 'List the artifacts of a repository, newest first; parts of an index and what belongs to another artifact are shown with those',
      schema: { params: ListParams, query: ListArtifactsQuery, answers: { 200: Type.Array(Artifact) } },
      async handler({ project, params, query, header }) {
        const asked = listing(artifactFields, query, newestFirst)
        const repository = await getRepositoryOf(reader, project, params.repository_name)
        const isPlain = cachesLists && !query.q?.trim() && ['', '-push_time'].includes(query.sort?.trim() ?? '')
        const { ids, total } = await listArtifactIds(reader, repository.id, asked, isPlain)
        pageHeaders(artifactPath(project, repository.name, '').slice(0, -1), query, asked.page, asked.pageSize, total, header)
        const shown = await source.list(ids)
        const hydrated = await hydrate(columns, { reader: lists, source, project, artifacts: shown, wanted: query })
        return { status: 200, body: hydrated.map(({ artifact: one, beside }) => presentArtifact(project, one, beside)) }
      },
    }),
    route({
      id: 'listArtifactsOfProject', tag: 'project', method: 'GET', path: '/projects/{project_name_or_id}/artifacts', access: { project: 'artifact', verb: 'list' },
      summary: 'List the artifacts of a project, or the newest of each of its repositories',
      schema: { params: ProjectEither, query: Type.Object({ ...listQuery, ...wantedQuery, latest_in_repository: Type.Optional(Type.Boolean({ default: false })) }), answers: { 200: Type.Array(Artifact) } },
      async handler({ project, query, header }) {
        const asked = listing(artifactFields, query, newestFirst)
        const { ids, total } = await listArtifactIdsOfProject(db, project.id, asked, query.latest_in_repository ?? false)
        pageHeaders(`/api/v2.0/projects/${project.name}/artifacts`, query, asked.page, asked.pageSize, total, header)
        const shown = await source.list(ids)
        const hydrated = await hydrate(columns, { reader: lists, source, project, artifacts: shown, wanted: query })
        return { status: 200, body: hydrated.map(({ artifact: one, beside }) => presentArtifact(project, one, beside)) }
      },
    }),
    route({
      id: 'getArtifact', tag, method: 'GET', path: onePath, access: { project: 'artifact', verb: 'read' },
      summary: 'Get an artifact by tag or digest',
      schema: { params: OneParams, query: Type.Object({ ...pageQuery, ...wantedQuery, with_signature: Type.Optional(Type.Boolean({ default: false })) }), answers: { 200: Artifact } },
      async handler({ project, params, query }) {
        const { artifact } = await getArtifact({ reader, artifacts }, project, params)
        const page = { reader, source: artifacts, project, artifacts: [artifact], wanted: query }
        const [hydrated] = await hydrate(columns, page)
        return { status: 200, body: presentArtifact(project, artifact, hydrated!.beside) }
      },
    }),
    route({
      id: 'deleteArtifact', tag, method: 'DELETE', path: onePath, access: { project: 'artifact', verb: 'delete' },
      summary: 'Delete an artifact with its tags, its untagged parts and what belongs to it',
      schema: { params: OneParams, answers: { 200: null } },
      async handler({ project, params, caller }) {
        const { repository, artifact } = await getArtifact({ reader, artifacts }, project, params)
        await deleteArtifact(db, gates, actorOf(caller), repository, artifact.digest)
        return { status: 200 }
      },
    }),
    route({
      id: 'CopyArtifact', tag, method: 'POST', path: listPath, access: { project: 'artifact', verb: 'create' },
      summary: 'Copy an artifact from another repository, with its parts and what belongs to it',
      schema: { params: ListParams, query: Type.Object({ from: Type.String({ minLength: 1, maxLength: 1024, description: 'project/repository:tag or project/repository@digest' }) }), answers: { 201: null } },
      async handler({ project, params, query, caller, rights, header }) {
        const name = `${project.name}/${params.repository_name}`
        if (!isRepositoryName(name)) throw new Failure('BAD_REQUEST', 'the name of the repository is not valid')
        const from = parseFrom(query.from)
        const source = await getArtifact({ reader, artifacts }, await sourceProject(from.project, rights), from)
        const reference = parseArtifactReference(from.reference)
        await copyArtifact(db, gates, actorOf(caller), { repository: source.repository, digest: source.artifact.digest, tag: 'tag' in reference ? reference.tag : undefined }, { project, name })
        header('location', artifactPath(project, name, source.artifact.digest))
        return { status: 201 }
      },
    }),
  ]

  /** C-80: the right to read at the source, too. Absent and forbidden look the same. */
  async function sourceProject(name: string, rights: Rights) {
    const project = await findProject(reader, name)
    if (!project && rights.kind === 'user' && rights.isAdmin) throw new Failure('NOT_FOUND', 'the project to copy from does not exist')
    if (!project || !maySee(rights, project) || !mayInProject(rights, project, 'artifact', 'read')) throw new Failure('FORBIDDEN')
    return project
  }
}

/** `project/repository:tag` or `project/repository@digest`. */
function parseFrom(text: string): { project: string; repository_name: string; reference: string } {
  const [, project, repository, byDigest, byTag] = /^([a-z0-9._-]+)\/([^:@]+)(?:@(.+)|:([^:@]+))$/.exec(text) ?? []
  const reference = byDigest ?? byTag
  if (project === undefined || repository === undefined || reference === undefined) throw new Failure('BAD_REQUEST', 'from must be project/repository:tag or project/repository@digest')
  return { project, repository_name: repository, reference }
}

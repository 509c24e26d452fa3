import { Type } from 'typebox'
import { NewTag, Tag } from '../../../../api/artifacts.ts'
import { listQuery } from '../../../../api/requests.ts'
import { isTag } from '../../../../oci/reference.ts'
import { listing } from '../../../platform/db/listing.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { pageHeaders } from '../../../platform/http/paging.ts'
import { actorOf } from '../../../registry/caller.ts'
import { route } from '../../access/index.ts'
import { findImmutable } from '../../immutability/index.ts'
import { createTag, deleteTag } from '../actions/tag.ts'
import { listTags, tagFields, tagOrder } from '../store.ts'
import { artifactPath, presentTag } from '../wire.ts'
import { getArtifact, onePath, oneParams, OneParams, tag, type Parts } from './shared.ts'

const path = `${onePath}/tags`

export function tagRoutes({ reader, gates, artifacts }: Parts) {
  const { db } = reader
  return [
    route({
      id: 'listTags', tag, method: 'GET', path, access: { project: 'tag', verb: 'list' },
      summary: 'List the tags of an artifact',
      schema: { params: OneParams, query: Type.Object({ ...listQuery, with_immutable_status: Type.Optional(Type.Boolean({ default: false })) }), answers: { 200: Type.Array(Tag) } },
      async handler({ project, params, query, header }) {
        const asked = listing(tagFields, query, tagOrder)
        const { repository, artifact } = await getArtifact({ reader, artifacts }, project, params)
        const [{ tags, total }, isImmutable] = await Promise.all([listTags(db, artifact.id, asked), query.with_immutable_status ? findImmutable(reader, project.id) : undefined])
        pageHeaders(`${artifactPath(project, repository.name, params.reference)}/tags`, query, asked.page, asked.pageSize, total, header)
        return { status: 200, body: tags.map((one) => presentTag(one, project, repository.name, isImmutable)) }
      },
    }),
    route({
      id: 'createTag', tag, method: 'POST', path, access: { project: 'tag', verb: 'create' },
      summary: 'Give an artifact a tag that the repository does not have yet',
      schema: { params: OneParams, body: NewTag, answers: { 201: null } },
      async handler({ project, params, body: { name }, caller, header }) {
        if (name === undefined || !isTag(name)) throw new Failure('BAD_REQUEST', 'a tag is up to 128 letters, digits, _ . and -, not starting with . or -')
        const { repository, artifact } = await getArtifact({ reader, artifacts }, project, params)
        await createTag(db, gates, actorOf(caller), project, artifact, name)
        header('location', `${artifactPath(project, repository.name, params.reference)}/tags/${name}`)
        return { status: 201 }
      },
    }),
    route({
      id: 'deleteTag', tag, method: 'DELETE', path: `${path}/{tag_name}`, access: { project: 'tag', verb: 'delete' },
      summary: 'Take a tag away from an artifact',
      schema: { params: Type.Object({ ...oneParams, tag_name: Type.String({ minLength: 1, maxLength: 255 }) }), answers: { 200: null } },
      async handler({ project, params, caller }) {
        const { repository, artifact } = await getArtifact({ reader, artifacts }, project, params)
        if (!isTag(params.tag_name)) throw new Failure('NOT_FOUND', 'the artifact has no such tag')
        await deleteTag(db, gates, actorOf(caller), repository, artifact, params.tag_name)
        return { status: 200 }
      },
    }),
  ]
}

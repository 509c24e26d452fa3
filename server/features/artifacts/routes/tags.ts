import * as api from '../../../../api/artifacts.ts'
import { isTag } from '../../../../oci/reference.ts'
import { listing } from '../../../platform/db/listing.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { created } from '../../../platform/http/reply.ts'
import { actorOf } from '../../../registry/caller.ts'
import { route, type ApiRoute } from '../../access/index.ts'
import { findImmutable } from '../../immutability/index.ts'
import { createTag, deleteTag } from '../actions/tag.ts'
import { listTags, tagFields, tagOrder } from '../tag-lists.ts'
import { presentTag } from '../wire.ts'
import { getArtifact, refuseCache, type Parts } from './shared.ts'

const badTag = 'a tag is up to 128 letters, digits, _ . and -, not starting with . or -'

export function tagRoutes({ reader, gates, artifacts }: Parts): ApiRoute[] {
  const { db } = reader
  return [
    route(api.listTags, { project: 'tag', verb: 'list' }, async ({ project, params, query }) => {
      const asked = listing(tagFields, query, tagOrder)
      const { repository, artifact } = await getArtifact({ reader, artifacts }, project, params)
      const [{ rows, total }, isImmutable] = await Promise.all([
        listTags(db, artifact.id, asked),
        query.with_immutable_status ? findImmutable(reader, project.id) : undefined,
      ])
      return { rows: rows.map((one) => presentTag(one, project, repository.name, isImmutable)), total }
    }),
    route(api.createTag, { project: 'tag', verb: 'create' }, async ({ project, params, body: { name }, caller }) => {
      refuseCache(project)
      if (!isTag(name)) throw new Failure('BAD_REQUEST', badTag)
      const { artifact } = await getArtifact({ reader, artifacts }, project, params)
      await createTag(db, gates, actorOf(caller), project, artifact, name)
      return created(name)
    }),
    route(api.deleteTag, { project: 'tag', verb: 'delete' }, async ({ project, params, caller }) => {
      const { repository, artifact } = await getArtifact({ reader, artifacts }, project, params)
      if (!isTag(params.tag_name)) throw new Failure('NOT_FOUND', 'the artifact has no such tag')
      await deleteTag(db, gates, actorOf(caller), repository, artifact, params.tag_name)
    }),
  ]
}

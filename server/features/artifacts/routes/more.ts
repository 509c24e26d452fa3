import { Type } from 'typebox'
import { Accessory } from '../../../../api/artifacts.ts'
import { LabelReq } from '../../../../api/labels.ts'
import { idParam, ListQuery } from '../../../../api/requests.ts'
import { parseManifest } from '../../../../oci/manifest.ts'
import { listing } from '../../../platform/db/listing.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { pageHeaders } from '../../../platform/http/paging.ts'
import { actorOf } from '../../../registry/caller.ts'
import { route } from '../../access/index.ts'
import { addLabel, removeLabel } from '../actions/label.ts'
import { readers } from '../additions/additions.ts'
import { additionsOf } from '../processors/list.ts'
import type { Addition } from '../processors/processor.ts'
import { accessoryFields, accessoryOrder, listAccessories } from '../store.ts'
import { artifactPath, presentAccessory } from '../wire.ts'
import { getArtifact, onePath, oneParams, OneParams, tag, type Parts } from './shared.ts'

export function moreRoutes({ reader, registry, artifacts }: Parts) {
  const { db } = reader
  return [
    route({
      id: 'listAccessories', tag, method: 'GET', path: `${onePath}/accessories`, access: { project: 'accessory', verb: 'list' },
      summary: 'List what belongs to an artifact: signatures, SBOMs, ...',
      schema: { params: OneParams, query: ListQuery, answers: { 200: Type.Array(Accessory) } },
      async handler({ project, params, query, header }) {
        const asked = listing(accessoryFields, query, accessoryOrder)
        const { repository, artifact } = await getArtifact({ reader, artifacts }, project, params)
        const { accessories, total } = await listAccessories(db, artifact, asked)
        pageHeaders(`${artifactPath(project, repository.name, params.reference)}/accessories`, query, asked.page, asked.pageSize, total, header)
        return { status: 200, body: accessories.map(presentAccessory) }
      },
    }),
    route({
      id: 'addLabel', tag, method: 'POST', path: `${onePath}/labels`, access: { project: 'artifact-label', verb: 'create' },
      summary: 'Put a label on an artifact: a global one, or one of its project',
      schema: { params: OneParams, body: LabelReq, answers: { 200: null } },
      async handler({ project, params, body, caller }) {
        if (body.id === undefined || !Number.isSafeInteger(body.id) || body.id < 1) throw new Failure('BAD_REQUEST', 'id must be the number of a label')
        const { artifact } = await getArtifact({ reader, artifacts }, project, params)
        await addLabel(db, actorOf(caller), artifact, body.id)
        return { status: 200 }
      },
    }),
    route({
      id: 'removeLabel', tag, method: 'DELETE', path: `${onePath}/labels/{label_id}`, access: { project: 'artifact-label', verb: 'delete' },
      summary: 'Take a label from an artifact',
      schema: { params: Type.Object({ ...oneParams, label_id: idParam }), answers: { 200: null } },
      async handler({ project, params, caller }) {
        const { artifact } = await getArtifact({ reader, artifacts }, project, params)
        await removeLabel(db, actorOf(caller), artifact, params.label_id)
        return { status: 200 }
      },
    }),
    route({
      id: 'getAddition', tag, method: 'GET', path: `${onePath}/additions/{addition}`, access: { project: 'artifact-addition', verb: 'read' },
      summary: 'Get more of an artifact than its row shows: its history, or a file in it',
      schema: {
        params: Type.Object({ ...oneParams, addition: Type.String({ enum: ['build_history', 'values.yaml', 'readme.md', 'dependencies', 'sbom', 'license', 'files'] }) }),
        answers: { 200: Type.String() },
      },
      async handler({ project, params, header }) {
        const { repository, artifact } = await getArtifact({ reader, artifacts }, project, params)
        const addition = params.addition as Addition
        if (!additionsOf(artifact).includes(addition)) throw new Failure('BAD_REQUEST', `an artifact of type ${artifact.type} has no ${addition}`)
        const { content, mediaType } = await registry.readManifest(repository.name, { digest: artifact.digest })
        const shown = await readers[addition](parseManifest(content, mediaType), ({ digest }) => registry.openBlob(repository.name, digest), artifact.type)
        header('content-type', shown.contentType)
        return { status: 200, body: shown.content }
      },
    }),
  ]
}

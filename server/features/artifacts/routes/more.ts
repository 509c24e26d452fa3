import * as api from '../../../../api/artifacts.ts'
import { getDocument } from '../../../../api/documents.ts'
import { parseManifest } from '../../../../oci/manifest.ts'
import { listing } from '../../../platform/db/listing.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { content } from '../../../platform/http/reply.ts'
import { actorOf } from '../../../registry/caller.ts'
import { route, type ApiRoute } from '../../access/index.ts'
import { addLabel, removeLabel } from '../actions/label.ts'
import { readAddition, type OpenBlob } from '../additions/additions.ts'
import { readWhole } from '../additions/read.ts'
import { additionsOf } from '../processors/list.ts'
import type { Addition } from '../processors/processor.ts'
import { accessoryFields, accessoryOrder, listAccessories } from '../store.ts'
import { presentAccessory } from '../wire.ts'
import { getArtifact, type Parts } from './shared.ts'

/** The operations on accessories, labels and additions of an artifact. */
export function moreRoutes({ reader, registry, artifacts, vulnerabilities }: Parts): ApiRoute[] {
  const { db } = reader
  return [
    route(api.listAccessories, { project: 'accessory', verb: 'list' }, async ({ project, params, query }) => {
      const asked = listing(accessoryFields, query, accessoryOrder)
      const { artifact } = await getArtifact({ reader, artifacts }, project, params)
      const { rows, total } = await listAccessories(db, artifact, asked)
      return { rows: rows.map(presentAccessory), total }
    }),
    route(api.addLabel, { project: 'artifact-label', verb: 'create' }, async ({ project, params, body, caller }) => {
      const { id } = body
      if (id === undefined || !Number.isSafeInteger(id) || id < 1) {
        throw new Failure('BAD_REQUEST', 'id must be the number of a label')
      }
      const { artifact } = await getArtifact({ reader, artifacts }, project, params)
      await addLabel(db, actorOf(caller), artifact, id)
    }),
    route(api.removeLabel, { project: 'artifact-label', verb: 'delete' }, async ({ project, params, caller }) => {
      const { artifact } = await getArtifact({ reader, artifacts }, project, params)
      await removeLabel(db, actorOf(caller), artifact, params.label_id)
    }),
    route(api.getAddition, { project: 'artifact-addition', verb: 'read' }, async (asked) => {
      const { project, params, request } = asked
      const { repository, artifact } = await getArtifact({ reader, artifacts }, project, params)
      if (params.addition === 'vulnerabilities' && vulnerabilities && artifact.type === 'IMAGE') {
        const accepted = request.headers['x-accept-vulnerabilities']
        return vulnerabilities({ id: artifact.id, projectId: project.id, accepted })
      }
      const addition = params.addition as Addition
      if (!additionsOf(artifact).includes(addition)) {
        throw new Failure(codeWithout(params.addition), `an artifact of type ${artifact.type} has no ${addition}`)
      }
      const manifest = await registry.readManifest(repository.name, { digest: artifact.digest })
      const open: OpenBlob = ({ digest }) => registry.openBlob(repository.name, digest)
      const shown = await readAddition(
        addition,
        parseManifest(manifest.content, manifest.mediaType),
        open,
        artifact.type,
      )
      return content(shown.contentType, shown.content)
    }),
    documentRoute({ reader, registry, artifacts }),
  ]
}

/** The manifest, or the config that it names, byte by byte. A config of more than 1 MiB is BAD_REQUEST. */
function documentRoute({ reader, registry, artifacts }: Pick<Parts, 'reader' | 'registry' | 'artifacts'>): ApiRoute {
  return route(getDocument, { project: 'artifact-addition', verb: 'read' }, async ({ project, params }) => {
    const { repository, artifact } = await getArtifact({ reader, artifacts }, project, params)
    const manifest = await registry.readManifest(repository.name, { digest: artifact.digest })
    if (params.document === 'manifest') return content(text, manifest.content)
    const { config } = parseManifest(manifest.content, manifest.mediaType)
    if (!config) throw new Failure('NOT_FOUND', 'the artifact has no config')
    return content(text, await readWhole(await registry.openBlob(repository.name, config.digest)))
  })
}

/** Never rendered by a browser, whatever was pushed. */
const text = 'text/plain; charset=utf-8'

/** As in Harbor: a report that may still come is NOT_FOUND; an addition that the type does not have, BAD_REQUEST. */
const codeWithout = (addition: string) => (addition === 'vulnerabilities' ? 'NOT_FOUND' : 'BAD_REQUEST')

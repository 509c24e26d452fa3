import * as api from '../../../api/labels.ts'
import { findProjectById } from '../../catalog/project.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { Failure } from '../../platform/http/failure.ts'
import { created } from '../../platform/http/reply.ts'
import { actorOf } from '../../registry/caller.ts'
import { mayInProject, maySystem, route, type ApiRoute, type Rights, type Verb } from '../access/index.ts'
import { createLabel, deleteLabel, updateLabel } from './actions.ts'
import { findLabel, labelFields, labelOrder, listLabels, type Label } from './store.ts'
import { ownerOf, parseLabel, presentLabel } from './wire.ts'

/** Global labels (scope g) belong to the system, the others (scope p) to their project. */
export function labelRoutes(db: Db): ApiRoute[] {
  return [
    route(api.listLabels, 'anyone', async ({ query: { name, scope, project_id: projectId, ...query }, rights }) => {
      const owner = ownerOf(scope, projectId)
      // Everyone may list the global labels.
      if (owner !== null) await demand(rights, owner, 'list')
      const q = [...(name ? [`name=~${name}`] : []), ...(query.q ? [query.q] : [])].join(',')
      const { rows, total } = await listLabels(db, owner, listing(labelFields, { ...query, q }, labelOrder))
      return { rows: rows.map(presentLabel), total }
    }),
    route(api.createLabel, 'user', async ({ body, rights, caller }) => {
      const owner = ownerOf(body.scope, body.project_id)
      await demand(rights, owner, 'create')
      return created((await createLabel(db, actorOf(caller), owner, parseLabel(body))).id)
    }),
    route(api.getLabel, 'anyone', async ({ params, rights }) =>
      presentLabel(await getLabel(params.label_id, rights, 'read')),
    ),
    route(api.updateLabel, 'user', async ({ params, body, rights, caller }) => {
      const label = await getLabel(params.label_id, rights, 'update')
      const { name = label.name, description = label.description, color = label.color } = body
      await updateLabel(db, actorOf(caller), label, parseLabel({ name, description, color }))
    }),
    route(api.deleteLabel, 'user', async ({ params, rights, caller }) => {
      await deleteLabel(db, actorOf(caller), await getLabel(params.label_id, rights, 'delete'))
    }),
  ]

  async function getLabel(id: number, rights: Rights, verb: Verb): Promise<Label> {
    const label = await findLabel(db, id)
    if (!label && rights.kind === 'anonymous') throw refusal(rights)
    if (!label) throw new Failure('NOT_FOUND', `there is no label ${id}`)
    await demand(rights, label.projectId, verb)
    return label
  }

  /** Throws unless the caller has this right to the system's labels (`projectId` null), or to a project's. */
  async function demand(rights: Rights, projectId: number | null, verb: Verb): Promise<void> {
    if (projectId === null && maySystem(rights, 'label', verb)) return
    const project = projectId === null ? undefined : await findProjectById(db, projectId)
    if (project && mayInProject(rights, project, 'label', verb)) return
    if (projectId !== null && !project && rights.kind === 'user' && rights.isAdmin)
      throw new Failure('NOT_FOUND', 'this project does not exist')
    throw refusal(rights)
  }
}

const refusal = (rights: Rights) => new Failure(rights.kind === 'anonymous' ? 'UNAUTHORIZED' : 'FORBIDDEN')

import { Type } from 'typebox'
import { Label as LabelAnswer } from '../../../api/labels.ts'
import { idParam, listQuery } from '../../../api/requests.ts'
import { findProjectById } from '../../catalog/project.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { Failure } from '../../platform/http/failure.ts'
import { pageHeaders } from '../../platform/http/paging.ts'
import { actorOf } from '../../registry/caller.ts'
import { mayInProject, maySystem, route, type Rights, type Verb } from '../access/index.ts'
import { createLabel, deleteLabel, updateLabel } from './actions.ts'
import { findLabel, labelFields, labelOrder, listLabels, type Label } from './store.ts'
import { ownerOf, parseLabel, presentLabel } from './wire.ts'

const tag = 'label'
const prefix = '/api/v2.0'
const params = Type.Object({ label_id: idParam })

/** Global labels (scope g) belong to the system, the others (scope p) to their project. */
export function labelRoutes(db: Db) {
  return [
    route({
      id: 'ListLabels', tag, method: 'GET', path: '/labels', access: 'anyone',
      summary: 'List the global labels, or those of a project',
      schema: {
        query: Type.Object({ ...listQuery, name: Type.Optional(Type.String({ maxLength: 255 })), scope: Type.Optional(Type.String({ description: 'g: global, p: of a project' })), project_id: Type.Optional(idParam) }),
        answers: { 200: Type.Array(LabelAnswer) },
      },
      async handler({ query: { name, scope, project_id: projectId, ...query }, rights, header }) {
        const owner = ownerOf(scope, projectId)
        // Everyone may see the global ones.
        if (owner !== null) await demand(rights, owner, 'list')
        const asked = listing(labelFields, { ...query, q: [...(name ? [`name=~${name}`] : []), ...(query.q ? [query.q] : [])].join(',') }, labelOrder)
        const { labels, total } = await listLabels(db, owner, asked)
        pageHeaders(`${prefix}/labels`, { ...query, name, scope, project_id: projectId }, asked.page, asked.pageSize, total, header)
        return { status: 200, body: labels.map(presentLabel) }
      },
    }),
    route({
      id: 'CreateLabel', tag, method: 'POST', path: '/labels', access: 'user',
      summary: 'Create a label',
      schema: { body: LabelAnswer, answers: { 201: null } },
      async handler({ body, rights, caller, header }) {
        const owner = ownerOf(body.scope, body.project_id)
        await demand(rights, owner, 'create')
        const { id } = await createLabel(db, actorOf(caller), owner, parseLabel(body))
        header('location', `${prefix}/labels/${id}`)
        return { status: 201 }
      },
    }),
    route({
      id: 'GetLabelByID', tag, method: 'GET', path: '/labels/{label_id}', access: 'anyone',
      summary: 'Get a label',
      schema: { params, answers: { 200: LabelAnswer } },
      handler: async ({ params: { label_id: id }, rights }) => ({ status: 200, body: presentLabel(await getLabel(id, rights, 'read')) }),
    }),
    route({
      id: 'UpdateLabel', tag, method: 'PUT', path: '/labels/{label_id}', access: 'user',
      summary: 'Rename, describe or recolour a label; it stays where it belongs',
      schema: { params, body: LabelAnswer, answers: { 200: null } },
      async handler({ params: { label_id: id }, body, rights, caller }) {
        const label = await getLabel(id, rights, 'update')
        const { name = label.name, description = label.description, color = label.color } = body
        await updateLabel(db, actorOf(caller), label, parseLabel({ name, description, color }))
        return { status: 200 }
      },
    }),
    route({
      id: 'DeleteLabel', tag, method: 'DELETE', path: '/labels/{label_id}', access: 'user',
      summary: 'Delete a label, and take it off every artifact',
      schema: { params, answers: { 200: null } },
      async handler({ params: { label_id: id }, rights, caller }) {
        await deleteLabel(db, actorOf(caller), await getLabel(id, rights, 'delete'))
        return { status: 200 }
      },
    }),
  ]

  async function getLabel(id: number, rights: Rights, verb: Verb): Promise<Label> {
    const label = await findLabel(db, id)
    if (!label && rights.kind === 'anonymous') throw refusal(rights)
    if (!label) throw new Failure('NOT_FOUND', `there is no label ${id}`)
    await demand(rights, label.projectId, verb)
    return label
  }

  /** The right to labels of the system, or of a project. */
  async function demand(rights: Rights, projectId: number | null, verb: Verb): Promise<void> {
    if (projectId === null && maySystem(rights, 'label', verb)) return
    const project = projectId === null ? undefined : await findProjectById(db, projectId)
    if (project && mayInProject(rights, project, 'label', verb)) return
    if (projectId !== null && !project && rights.kind === 'user' && rights.isAdmin) throw new Failure('NOT_FOUND', 'this project does not exist')
    throw refusal(rights)
  }
}

const refusal = (rights: Rights) => new Failure(rights.kind === 'anonymous' ? 'UNAUTHORIZED' : 'FORBIDDEN')

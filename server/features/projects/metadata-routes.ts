import { Type } from 'typebox'
import { ProjectEither } from '../../../api/requests.ts'
import type { Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { Failure } from '../../platform/http/failure.ts'
import { actorOf } from '../../registry/caller.ts'
import { route } from '../access/index.ts'
import { createMetadata, removeMetadata, updateProject } from './actions.ts'
import { parseMetadata } from './rules.ts'
import { findMetadata } from './store.ts'
import { explaining } from './wire.ts'

const tag = 'projectMetadata'
const Values = Type.Record(Type.String(), Type.String({ maxLength: 4096 }))
const named = Type.Object({ ...ProjectEither.properties, meta_name: Type.String({ minLength: 1, maxLength: 255 }) })

/** One by one what PUT on a project changes together. Project administrators only (H25). */
export function metadataRoutes(reader: Reader & { db: Db }) {
  const { db } = reader
  const all = async (project: Project): Promise<Record<string, string>> => ({ ...(await findMetadata(reader, project.id)), public: String(project.isPublic) })

  return [
    route({
      id: 'listProjectMetadatas', tag, method: 'GET', path: '/projects/{project_name_or_id}/metadatas/', access: { project: 'metadata', verb: 'list' },
      summary: "List a project's metadata; for administrators and robots",
      schema: { params: ProjectEither, answers: { 200: Values } },
      handler: async ({ project }) => ({ status: 200, body: await all(project) }),
    }),
    route({
      id: 'addProjectMetadatas', tag, method: 'POST', path: '/projects/{project_name_or_id}/metadatas/', access: { project: 'metadata', verb: 'create' },
      summary: 'Set one that is not set yet',
      schema: { params: ProjectEither, body: Values, answers: { 200: null } },
      async handler({ project, body, caller }) {
        const [name, value] = only(body)
        await createMetadata(db, actorOf(caller), project, name, value)
        return { status: 200 }
      },
    }),
    route({
      id: 'getProjectMetadata', tag, method: 'GET', path: '/projects/{project_name_or_id}/metadatas/{meta_name}', access: { project: 'metadata', verb: 'read' },
      summary: 'Get one',
      schema: { params: named, answers: { 200: Values } },
      handler: async ({ project, params: { meta_name: name } }) => ({ status: 200, body: { [name]: await get(project, name) } }),
    }),
    route({
      id: 'updateProjectMetadata', tag, method: 'PUT', path: '/projects/{project_name_or_id}/metadatas/{meta_name}', access: { project: 'metadata', verb: 'update' },
      summary: 'Change one that is set',
      schema: { params: named, body: Values, answers: { 200: null } },
      async handler({ project, params: { meta_name: wanted }, body, caller }) {
        const [name, value] = only(body)
        if (name !== wanted) throw new Failure('BAD_REQUEST', `the body names ${name}, the path ${wanted}`)
        await get(project, name)
        await updateProject(db, actorOf(caller), project, { metadata: { [name]: value }, allowlist: undefined })
        return { status: 200 }
      },
    }),
    route({
      id: 'deleteProjectMetadata', tag, method: 'DELETE', path: '/projects/{project_name_or_id}/metadatas/{meta_name}', access: { project: 'metadata', verb: 'delete' },
      summary: 'Set one back to its default',
      schema: { params: named, answers: { 200: null } },
      async handler({ project, params: { meta_name: name }, caller }) {
        await removeMetadata(db, actorOf(caller), project, name)
        return { status: 200 }
      },
    }),
  ]

  async function get(project: Project, name: string): Promise<string> {
    const values = await all(project)
    if (!Object.hasOwn(values, name)) throw new Failure('NOT_FOUND', `the project has no metadata ${JSON.stringify(name)}`)
    return values[name]!
  }
}

/** Exactly one name and value, as Harbor asks. */
function only(body: Record<string, string>): [name: string, value: string] {
  const [entry, second] = Object.entries(body)
  if (!entry || second) throw new Failure('BAD_REQUEST', 'the body must name exactly one metadata and its value')
  return [entry[0], explaining(() => parseMetadata(...entry))]
}

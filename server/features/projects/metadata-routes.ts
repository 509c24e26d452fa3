import * as api from '../../../api/project-metadata.ts'
import type { Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { Failure } from '../../platform/http/failure.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type ApiRoute } from '../access/index.ts'
import { createMetadata, removeMetadata, updateProject } from './actions.ts'
import { parseMetadata } from './rules.ts'
import { findMetadata } from './store.ts'
import { explaining } from './wire.ts'

/** Reads and changes metadata one by one; PUT on a project changes several. For project administrators (H25). */
export function metadataRoutes(reader: Reader & { db: Db }): ApiRoute[] {
  const { db } = reader
  const all = async (project: Project): Promise<Record<string, string>> => ({
    ...(await findMetadata(reader, project.id)),
    public: String(project.isPublic),
  })

  return [
    route(api.listProjectMetadatas, { project: 'metadata', verb: 'list' }, ({ project }) => all(project)),
    route(api.addProjectMetadatas, { project: 'metadata', verb: 'create' }, async ({ project, body, caller }) => {
      const [name, value] = only(body, project)
      await createMetadata(db, actorOf(caller), project, name, value)
    }),
    route(
      api.getProjectMetadata,
      { project: 'metadata', verb: 'read' },
      async ({ project, params: { meta_name: name } }) => {
        const values = await all(project)
        // As in Harbor, a value that is not set is answered with an empty object.
        return Object.hasOwn(values, name) ? { [name]: values[name]! } : {}
      },
    ),
    route(
      api.updateProjectMetadata,
      { project: 'metadata', verb: 'update' },
      async ({ project, params: { meta_name: wanted }, body, caller }) => {
        const [name, value] = only(body, project)
        if (name !== wanted) throw new Failure('BAD_REQUEST', `the body names ${name}, the path ${wanted}`)
        await get(project, name)
        await updateProject(db, actorOf(caller), project, { metadata: { [name]: value }, allowlist: undefined })
      },
    ),
    route(api.deleteProjectMetadata, { project: 'metadata', verb: 'delete' }, ({ project, params, caller }) =>
      removeMetadata(db, actorOf(caller), project, params.meta_name),
    ),
  ]

  async function get(project: Project, name: string): Promise<string> {
    const values = await all(project)
    if (!Object.hasOwn(values, name))
      throw new Failure('NOT_FOUND', `the project has no metadata ${JSON.stringify(name)}`)
    return values[name]!
  }
}

/** The one name and value of a body; Harbor allows no more. */
function only(body: Record<string, string>, { endpointId }: Project): [name: string, value: string] {
  const [entry, second] = Object.entries(body)
  if (!entry || second) throw new Failure('BAD_REQUEST', 'the body must name exactly one metadata and its value')
  return [entry[0], explaining(() => parseMetadata(...entry, endpointId !== null))]
}

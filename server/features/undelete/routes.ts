import { Type } from 'typebox'
import { idParam, ListQuery, ProjectEither } from '../../../api/requests.ts'
import { TrashEntry } from '../../../api/trash.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { pageHeaders } from '../../platform/http/paging.ts'
import { actorOf } from '../../registry/caller.ts'
import type { Gates } from '../../registry/gate.ts'
import { route } from '../access/index.ts'
import { restoreTrash } from './restore.ts'
import { listTrash, trashFields, trashOrder, type Trash } from './store.ts'

const tag = 'undelete'
const path = '/projects/{project_name_or_id}/trash'

/** `keepMs`: how long what was deleted can be restored, in ms. Who may delete artifacts may see and restore deleted ones. */
export function undeleteRoutes(db: Db, gates: Gates, keepMs: number) {
  return [
    route({
      id: 'listTrash', tag, method: 'GET', path, access: { project: 'artifact', verb: 'delete' },
      summary: 'List the deletions of tags, artifacts and repositories that can be taken back',
      schema: { params: ProjectEither, query: ListQuery, answers: { 200: Type.Array(TrashEntry) } },
      async handler({ project, query, header }) {
        const asked = listing(trashFields, query, trashOrder)
        const { entries, total } = await listTrash(db, project.id, keepMs, asked)
        pageHeaders(`/api/v2.0/projects/${project.name}/trash`, query, asked.page, asked.pageSize, total, header)
        return { status: 200, body: entries.map(present) }
      },
    }),
    route({
      id: 'restoreTrash', tag, method: 'POST', path: `${path}/{trash_id}/restore`, access: { project: 'artifact', verb: 'delete' },
      summary: 'Take a deletion back',
      schema: { params: Type.Object({ ...ProjectEither.properties, trash_id: idParam }), answers: { 200: TrashEntry } },
      async handler({ project, params, caller }) {
        return { status: 200, body: present(await restoreTrash(db, gates, actorOf(caller), project, params.trash_id, keepMs)) }
      },
    }),
  ]
}

function present({ id, kind, repository, tag: name, digest, artifacts, tags, deletedBy, deletedAt, expiresAt }: Trash) {
  return {
    id, kind, repository_name: repository, ...(name === null ? {} : { tag: name }), ...(digest === null ? {} : { digest }), artifacts, tags,
    deleted_by: deletedBy.name, deletion_time: deletedAt.toISOString(), expiration_time: expiresAt.toISOString(),
  }
}

import type { Static } from 'typebox'
import * as api from '../../../api/trash.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { actorOf } from '../../registry/caller.ts'
import type { Gates } from '../../registry/gate.ts'
import { route, type ApiRoute } from '../access/index.ts'
import { restoreTrash } from './restore.ts'
import { listTrash, trashFields, trashOrder, type ListedTrash, type Trash } from './store.ts'

/** Callers that may delete artifacts may see and restore deleted ones. */
const access = { project: 'artifact', verb: 'delete' } as const

/** `keepMs`: how long a deletion can be restored, in ms. */
export function undeleteRoutes(db: Db, gates: Gates, keepMs: number): ApiRoute[] {
  return [
    route(api.listTrash, access, async ({ project, query }) => {
      const { rows, total } = await listTrash(db, project.id, keepMs, listing(trashFields, query, trashOrder))
      return { rows: rows.map(presentTrash), total }
    }),
    route(api.restoreTrash, access, async ({ project, params, caller }) =>
      presentTrash(await restoreTrash(db, gates, actorOf(caller), project, params.trash_id, keepMs)),
    ),
  ]
}

function presentTrash(trash: Trash | ListedTrash): Static<typeof api.TrashEntry> {
  const { id, kind, repository, tag, digest, artifacts, tags, deletedBy, deletedAt, expiresAt } = trash
  return {
    id,
    kind,
    repository_name: repository,
    ...(tag === null ? {} : { tag }),
    ...(digest === null ? {} : { digest }),
    artifacts,
    tags,
    ...('size' in trash ? { size: trash.size, exclusive: trash.exclusive } : {}),
    deleted_by: deletedBy.name,
    deletion_time: deletedAt.toISOString(),
    expiration_time: expiresAt.toISOString(),
  }
}

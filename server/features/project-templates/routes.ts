import * as api from '../../../api/project-templates.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { created } from '../../platform/http/reply.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type ApiRoute } from '../access/index.ts'
import { createTemplate, deleteTemplate, noTemplate, updateTemplate } from './actions.ts'
import { findTemplate, listTemplates, templateOrder } from './store.ts'
import { parseTemplate, presentTemplate } from './wire.ts'

const [reads, changes] = [
  { system: 'configuration', verb: 'read' },
  { system: 'configuration', verb: 'update' },
] as const

/** For system administrators. */
export function templateRoutes(db: Db): ApiRoute[] {
  return [
    route(api.listProjectTemplates, reads, async ({ query }) => {
      const { rows, total } = await listTemplates(db, listing({}, query, templateOrder))
      return { rows: rows.map(presentTemplate), total }
    }),
    route(api.createProjectTemplate, changes, async ({ body, caller }) =>
      created(await createTemplate(db, actorOf(caller), parseTemplate(body))),
    ),
    route(api.getProjectTemplate, reads, async ({ params: { template_id: id } }) => {
      const template = await findTemplate(db, id)
      if (!template) throw noTemplate(id)
      return presentTemplate(template)
    }),
    route(api.updateProjectTemplate, changes, ({ params, body, caller }) =>
      updateTemplate(db, actorOf(caller), params.template_id, parseTemplate(body)),
    ),
    route(api.deleteProjectTemplate, changes, ({ params, caller }) =>
      deleteTemplate(db, actorOf(caller), params.template_id),
    ),
  ]
}

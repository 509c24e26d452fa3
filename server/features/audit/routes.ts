import * as api from '../../../api/audit.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Topics } from '../../catalog/topic.ts'
import { keyset, turned, type KeysetQuery } from '../../platform/db/keyset.ts'
import type { Fields } from '../../platform/db/listing.ts'
import type { Sql } from '../../platform/db/sql.ts'
import type { Page } from '../../platform/http/reply.ts'
import { maySystem, projectsHolding, route, type ApiRoute, type Rights } from '../access/index.ts'
import { eventTypesOf, type Entry } from './rules.ts'
import {
  auditExtFields,
  auditFields,
  auditKey,
  countEntries,
  everything,
  listEntries,
  ofOldForm,
  type Scope,
} from './store.ts'
import { presentEntry, presentExtended } from './wire.ts'

/** One of the two forms of the log: which entries it has, the fields to filter by, and how an entry is presented. */
type Form<Shown> = { only: Sql; fields: Fields; present(entry: Entry): Shown }
const old = { only: ofOldForm, fields: auditFields, present: presentEntry }
const extended = { only: everything, fields: auditExtFields, present: presentExtended }

const inProject = { project: 'log', verb: 'list' } as const

/** Reads the log in Harbor's older and extended form; no operation here changes it (C-75). */
export function auditRoutes(reader: Reader, topics: Topics): ApiRoute[] {
  return [
    route(api.listAuditLogs, 'user', async ({ query, rights }) => list(old, await scopeOf(reader, rights), query)),
    route(api.listAuditLogExts, 'user', async ({ query, rights }) =>
      list(extended, await scopeOf(reader, rights), query),
    ),
    route(api.listAuditLogEventTypes, { system: 'audit-log', verb: 'list' }, async () =>
      eventTypesOf(topics).map((type) => ({ event_type: type })),
    ),
    route(api.listProjectLogs, inProject, ({ project, query }) => list(old, { projectIds: [project.id] }, query)),
    route(api.listProjectLogExts, inProject, ({ project, query }) =>
      list(extended, { projectIds: [project.id] }, query),
    ),
  ]

  async function list<Shown>(form: Form<Shown>, scope: Scope, query: KeysetQuery): Promise<Page<Shown>> {
    const { only, fields, present } = form
    const asked = keyset(fields, query, auditKey)
    const [found, counted] = await Promise.all([
      listEntries(reader.db, scope, only, asked),
      countEntries(reader.db, scope, only, asked),
    ])
    const { rows, ...to } = turned(asked, found, counted)
    const turns = { ...to, page: asked.page, pageSize: asked.pageSize }
    return { rows: rows.map(present), total: counted.total, turns }
  }
}

/** The entries that the caller may read. SQL filters by this, so that pages and counts tell nothing of the others. */
async function scopeOf(reader: Reader, rights: Rights): Promise<Scope> {
  if (maySystem(rights, 'audit-log', 'list')) return 'all'
  const projectIds = await projectsHolding(reader, rights, 'log', 'list')
  return projectIds === 'all' ? 'projects' : { projectIds }
}

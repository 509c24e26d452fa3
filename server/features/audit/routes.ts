import { Type, type TSchema } from 'typebox'
import { AuditLog, AuditLogEventType, AuditLogExt } from '../../../api/audit.ts'
import { positionQuery } from '../../../api/requests.ts'
import { findProject } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Topics } from '../../catalog/topic.ts'
import { keyset, turned, type KeysetQuery } from '../../platform/db/keyset.ts'
import type { Fields } from '../../platform/db/listing.ts'
import type { Sql } from '../../platform/db/sql.ts'
import { linkHeaders } from '../../platform/http/paging.ts'
import { maySystem, permissionsOf, route, type Access, type Rights } from '../access/index.ts'
import { eventTypesOf, type Entry } from './rules.ts'
import { auditExtFields, auditFields, auditKey, countEntries, everything, listEntries, ofOldForm, type Scope } from './store.ts'
import { presentEntry, presentExtended } from './wire.ts'

const tag = 'auditlog'
const prefix = '/api/v2.0'
const params = Type.Object({ project_name: Type.String({ maxLength: 255 }) })
const ofProject: Access = { project: 'log', verb: 'list' }

/** The log in Harbor's older and extended form; nothing here changes it (C-75). */
export function auditRoutes(reader: Reader, topics: Topics) {
  const { db } = reader

  /** The two forms: what they hold, may be filtered by, and look like. */
  const old = { only: ofOldForm, fields: auditFields, present: presentEntry, schema: AuditLog }
  const extended = { only: everything, fields: auditExtFields, present: presentExtended, schema: AuditLogExt }
  type Form = { only: Sql; fields: Fields; present(entry: Entry): unknown; schema: TSchema }

  async function page({ only, fields, present }: Form, scope: Scope, path: string, query: KeysetQuery, header: (name: string, value: string) => void) {
    const asked = keyset(fields, query, auditKey)
    const [found, counted] = await Promise.all([listEntries(db, scope, only, asked), countEntries(db, scope, only, asked)])
    const { rows, ...to } = turned(asked, found, counted)
    linkHeaders(prefix + path, { ...query, after: undefined, before: undefined, page: asked.page, page_size: asked.pageSize }, to, counted.total, header)
    return { status: 200, body: rows.map(present) }
  }

  const ofSystem = (id: string, path: string, form: Form) => route({
    id, tag, method: 'GET', path, access: 'user', summary: 'List the log: all of it for system administrators, else what happened in projects whose log one may read',
    schema: { query: Type.Object(positionQuery), answers: { 200: Type.Array(form.schema) } },
    handler: async ({ query, rights, header }) => page(form, await scopeOf(reader, rights), path, query, header),
  })

  const inProject = (id: string, path: string, form: Form) => route({
    id, tag: 'project', method: 'GET', path, access: ofProject, summary: "List a project's log",
    schema: { params, query: Type.Object(positionQuery), answers: { 200: Type.Array(form.schema) } },
    handler: ({ project, query, header }) => page(form, { projectIds: [project.id] }, path.replace('{project_name}', project.name), query, header),
  })

  return [
    ofSystem('listAuditLogs', '/audit-logs', old),
    ofSystem('listAuditLogExts', '/auditlog-exts', extended),
    route({
      id: 'listAuditLogEventTypes', tag, method: 'GET', path: '/auditlog-exts/events', access: 'user', summary: 'List the types of events that can be switched off or purged',
      schema: { answers: { 200: Type.Array(AuditLogEventType) } },
      handler: async () => ({ status: 200, body: eventTypesOf(topics).map((event_type) => ({ event_type })) }),
    }),
    inProject('getLogs', '/projects/{project_name}/logs', old),
    inProject('getLogExts', '/projects/{project_name}/auditlog-exts', extended),
  ]
}

const mayReadLog = (role: Parameters<typeof permissionsOf>[0]) => permissionsOf(role).some(({ resource, action }) => resource === 'log' && action === 'list')

/** Refused rows are filtered in SQL, so that pages and counts tell nothing of them either. */
async function scopeOf(reader: Reader, rights: Rights): Promise<Scope> {
  if (maySystem(rights, 'audit-log', 'list')) return 'all'
  if (rights.kind === 'user') return { projectIds: [...rights.roles].filter(([, roles]) => roles.some(mayReadLog)).map(([id]) => id) }
  if (rights.kind !== 'robot') return { projectIds: [] }
  const names = [...rights.projects].filter(([, held]) => held.has('log:list')).map(([name]) => name)
  if (names.includes('*')) return 'projects'
  const projects = await Promise.all(names.map(async (name) => findProject(reader, name)))
  return { projectIds: projects.flatMap((project) => (project ? [project.id] : [])) }
}

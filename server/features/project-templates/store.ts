import type { Choice } from '../../catalog/selector.ts'
import type { Paged, PagePart, Queryable, Tx } from '../../platform/db/db.ts'
import { jsonbText } from '../../platform/db/json.ts'
import { sql } from '../../platform/db/sql.ts'
import type { ProjectRetention } from '../retention/index.ts'

export type NewTemplate = {
  name: string
  projects: Choice[]
  retention: ProjectRetention | null
  metadata: Record<string, string>
}
export type Template = NewTemplate & { id: number }

/** The most templates: each new project is matched against all of them. */
export const templatesLimit = 100

const columns = sql`id, name, projects, retention, metadata`
export const templateOrder = sql`id`

export function listTemplates(db: Queryable, part: PagePart): Promise<Paged<Template>> {
  return db.page({ columns, from: sql`from project_template` }, part)
}

/** All templates, in the order in which they are tried. */
export function allTemplates(db: Queryable): Promise<Template[]> {
  return db.rows<Template>(sql`select ${columns} from project_template order by id limit ${templatesLimit}`)
}

export function findTemplate(db: Queryable, id: number): Promise<Template | undefined> {
  return db.row<Template>(sql`select ${columns} from project_template where id = ${id}`)
}

/** Throws a unique violation when the name is taken; undefined when there are too many. */
export async function addTemplate(
  tx: Tx,
  { name, projects, retention, metadata }: NewTemplate,
): Promise<number | undefined> {
  await tx.run(sql`select pg_advisory_xact_lock(hashtext('project_template'), 0)`)
  const row = await tx.row<{ id: number }>(sql`
    insert into project_template (name, projects, retention, metadata)
    select ${name}, ${jsonbText(projects)}::jsonb, ${retention && jsonbText(retention)}::jsonb,
      ${jsonbText(metadata)}::jsonb
    where (select count(*) from project_template) < ${templatesLimit}
    returning id`)
  return row?.id
}

/** False when there is no such template. Throws a unique violation when the name is taken. */
export async function saveTemplate(tx: Tx, { id, name, projects, retention, metadata }: Template): Promise<boolean> {
  return (
    (await tx.run(sql`
      update project_template set
        name = ${name}, projects = ${jsonbText(projects)}::jsonb,
        retention = ${retention && jsonbText(retention)}::jsonb, metadata = ${jsonbText(metadata)}::jsonb,
        updated_at = now()
      where id = ${id}`)) > 0
  )
}

export async function dropTemplate(tx: Tx, id: number): Promise<boolean> {
  return (await tx.run(sql`delete from project_template where id = ${id}`)) > 0
}

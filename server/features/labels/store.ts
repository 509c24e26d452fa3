import type { Reader } from '../../catalog/reader.ts'
import type { Paged, Queryable, Tx } from '../../platform/db/db.ts'
import { keyOf } from '../../platform/cache/keys.ts'
import type { Fields, Listing } from '../../platform/db/listing.ts'
import { sql, type Sql } from '../../platform/db/sql.ts'
import { andThen, type Maybe } from '../../platform/maybe.ts'

/** `projectId` null: a global label. */
export type Label = {
  id: number
  name: string
  description: string
  color: string
  projectId: number | null
  createdAt: Date
  updatedAt: Date
}

const labelKey = keyOf('label', 'id')
/** The label `deprecated` of a project; of the system for 0. */
const deprecatedKey = keyOf('deprecated_label', 'project_id')
const changesLabelOf = (tx: Tx, projectId: number | null) => tx.changes(deprecatedKey(projectId ?? 0))

const columns = sql`
  label.id, label.name, label.description, label.color, label.project_id as "projectId",
  label.created_at as "createdAt", label.updated_at as "updatedAt"`

/** Labels by id, from the cache; ids without a label are left out. */
export function findLabels({ db, cache }: Reader, ids: number[]): Promise<Map<number, Label>> {
  const load = async (missing: number[]) =>
    new Map(
      (await db.rows<Label>(sql`select ${columns} from label where id = any(${missing}::bigint[])`)).map((one) => [
        one.id,
        one,
      ]),
    )
  return cache.many(ids, labelKey, load, ({ description }) => 300 + description.length * 2)
}

/** The name of the label that marks an artifact as deprecated. */
const deprecated = 'deprecated'

type DeprecatedLabels = { labels: Pick<Label, 'id' | 'description'>[] }

/** The labels named `deprecated` that an artifact of the project can have. From the cache: every pull asks. */
export function findDeprecatedLabels({ db, cache }: Reader, projectId: number): Maybe<DeprecatedLabels['labels']> {
  const find = (id: number) =>
    cache.get(deprecatedKey(id), async (): Promise<DeprecatedLabels> => {
      const owner = id === 0 ? sql`project_id is null` : sql`project_id = ${id}`
      return { labels: await db.rows(sql`select id, description from label where ${owner} and name = ${deprecated}`) }
    })
  return andThen(find(0), (system) =>
    andThen(find(projectId), (own) =>
      own!.labels.length + system!.labels.length === 0 ? none : [...own!.labels, ...system!.labels],
    ),
  )
}
const none: DeprecatedLabels['labels'] = []

/** Fields by which a list of labels can be filtered and sorted. */
export const labelFields: Fields = {
  id: { type: 'integer', column: sql`label.id` },
  name: { type: 'text', column: sql`label.name` },
  description: { type: 'text', column: sql`label.description` },
  color: { type: 'text', column: sql`label.color` },
  creation_time: { type: 'time', column: sql`label.created_at` },
  update_time: { type: 'time', column: sql`label.updated_at` },
}
export const labelOrder = sql`label.name, label.id`

/** One page of a project's labels; `projectId` null: of the global labels. */
export function listLabels(
  db: Queryable,
  projectId: number | null,
  { where, ...part }: Listing,
): Promise<Paged<Label>> {
  const owner = projectId === null ? sql`label.project_id is null` : sql`label.project_id = ${projectId}`
  return db.page({ columns, from: sql`from label where ${owner} and ${where}` }, part)
}

export function findLabel(db: Queryable, id: number): Promise<Label | undefined> {
  return db.row<Label>(sql`select ${columns} from label where id = ${id}`)
}

type Text = { name: string; description: string; color: string }

/** Inserts a label. Throws a unique violation when its project, or the system, has a label of this name. */
export async function saveLabel(tx: Tx, projectId: number | null, { name, description, color }: Text): Promise<Label> {
  changesLabelOf(tx, projectId)
  const row = await tx.row<Label>(sql`
    insert into label (project_id, name, description, color)
    values (${projectId}, ${name}, ${description}, ${color})
    returning ${columns}`)
  return row!
}

/** False when the label does not exist. */
export async function changeLabel(tx: Tx, id: number, { name, description, color }: Text): Promise<boolean> {
  return isChanged(
    tx,
    id,
    sql`update label
      set name = ${name}, description = ${description}, color = ${color}, updated_at = now()
      where id = ${id} returning project_id as "projectId"`,
  )
}

/** Deletes a label and takes it off every artifact. False when the label does not exist. */
export async function dropLabel(tx: Tx, id: number): Promise<boolean> {
  return isChanged(tx, id, sql`delete from label where id = ${id} returning project_id as "projectId"`)
}

async function isChanged(tx: Tx, id: number, statement: Sql): Promise<boolean> {
  tx.changes(labelKey(id))
  const row = await tx.row<Pick<Label, 'projectId'>>(statement)
  if (row) changesLabelOf(tx, row.projectId)
  return row !== undefined
}

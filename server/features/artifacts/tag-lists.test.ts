import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { List, PagePart, Queryable } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { fresh, pushImage } from '../../testing/given.ts'
import { openScene } from '../../testing/scene.ts'
import { listTagsOf, tagFields, tagOrder } from './tag-lists.ts'

const { marina, cast } = await openScene()
const { db } = marina.ground

/** How PostgreSQL reads the rows of a page. */
const explaining = {
  page: async ({ columns, from }: List, { order, limit, offset }: PagePart) => ({
    rows: await db.rows(sql`explain select ${columns} ${from} order by ${order} limit ${limit} offset ${offset}`),
    total: 0,
  }),
} as unknown as Queryable

test('the first page of the newest tags is read from an index, without sorting all tags', async () => {
  const name = `${cast.A.name}/${fresh('tags')}`
  await pushImage(marina, name, { tag: 'v1' })
  const { id } = (await db.row<{ id: number }>(sql`select id from repository where name = ${name}`))!
  await db.run(sql`
    insert into tag (repository_id, artifact_id, name)
    select repository_id, artifact_id, 'n' || n from tag, generate_series(1, 5000) n where repository_id = ${id}`)
  await db.run(sql`analyze tag`)
  const { rows } = await listTagsOf(explaining, id, listing(tagFields, {}, tagOrder))
  const plan = JSON.stringify(rows)
  assert.match(plan, /tag_newest/)
  assert.doesNotMatch(plan, /Sort/)
})

import type { Actor } from '../../catalog/topics.ts'
import { isUniqueViolation, type Db } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { addTemplate, dropTemplate, findTemplate, saveTemplate, templatesLimit, type NewTemplate } from './store.ts'
import { facts } from './topics.ts'

const taken = (name: string) => new Failure('CONFLICT', `a template is named ${name} already`)
export const noTemplate = (id: number) => new Failure('NOT_FOUND', `project template ${id} not found`)

/** Throws CONFLICT when the name is taken, PRECONDITION beyond the limit. */
export async function createTemplate(db: Db, by: Actor, template: NewTemplate): Promise<number> {
  try {
    return await db.transaction(async (tx) => {
      const id = await addTemplate(tx, template)
      if (id === undefined) throw new Failure('PRECONDITION', `there are at most ${templatesLimit} project templates`)
      await emit(tx, [facts.templateCreated({ templateId: id, name: template.name }, by)])
      return id
    })
  } catch (error) {
    throw isUniqueViolation(error) ? taken(template.name) : error
  }
}

/** Throws NOT_FOUND, and CONFLICT when the name is taken. */
export async function updateTemplate(db: Db, by: Actor, id: number, template: NewTemplate): Promise<void> {
  try {
    await db.transaction(async (tx) => {
      if (!(await saveTemplate(tx, { ...template, id }))) throw noTemplate(id)
      await emit(tx, [facts.templateChanged({ templateId: id, name: template.name }, by)])
    })
  } catch (error) {
    throw isUniqueViolation(error) ? taken(template.name) : error
  }
}

/** Throws NOT_FOUND. */
export async function deleteTemplate(db: Db, by: Actor, id: number): Promise<void> {
  await db.transaction(async (tx) => {
    const known = await findTemplate(tx, id)
    if (!known || !(await dropTemplate(tx, id))) throw noTemplate(id)
    await emit(tx, [facts.templateDeleted({ templateId: id, name: known.name }, by)])
  })
}

import type { Actor } from '../../catalog/topics.ts'
import { isReferenceViolation, isUniqueViolation, type Db } from '../../platform/db/db.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { changeLabel, dropLabel, saveLabel, type Label } from './store.ts'
import { facts } from './topics.ts'

export type LabelText = { name: string; description: string; color: string }

/** Throws CONFLICT when the project, or the system, has a label of this name. */
export async function createLabel(db: Db, by: Actor, projectId: number | null, text: LabelText): Promise<Label> {
  return db
    .transaction(async (tx) => {
      const label = await saveLabel(tx, projectId, text)
      await emit(tx, [facts.labelCreated({ labelId: label.id, name: label.name, projectId }, by)])
      return label
    })
    .catch((error: unknown) => explain(error, text.name))
}

/** Throws CONFLICT when the name is taken, NOT_FOUND when the label was deleted meanwhile. */
export async function updateLabel(db: Db, by: Actor, label: Label, text: LabelText): Promise<void> {
  const changed = Object.fromEntries(
    Object.entries(text).filter(([key, value]) => label[key as keyof LabelText] !== value),
  )
  await db
    .transaction(async (tx) => {
      if (!(await changeLabel(tx, label.id, text))) throw new Failure('NOT_FOUND', `there is no label ${label.id}`)
      await emit(tx, [
        facts.labelUpdated({ labelId: label.id, name: label.name, projectId: label.projectId, changed }, by),
      ])
    })
    .catch((error: unknown) => explain(error, text.name))
}

export async function deleteLabel(db: Db, by: Actor, { id, name, projectId }: Label): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await dropLabel(tx, id))) throw new Failure('NOT_FOUND', `there is no label ${id}`)
    await emit(tx, [facts.labelDeleted({ labelId: id, name, projectId }, by)])
  })
}

function explain(error: unknown, name: string): never {
  if (isUniqueViolation(error)) throw new Failure('CONFLICT', `the label ${name} exists already`)
  // The project was deleted after it was looked up.
  if (isReferenceViolation(error)) throw new Failure('NOT_FOUND', 'the project does not exist')
  throw error
}

import type { Static } from 'typebox'
import type { Label as LabelAnswer, LabelReq } from '../../../api/labels.ts'
import { Failure } from '../../platform/http/failure.ts'
import { isVisible } from '../../platform/visible.ts'
import type { LabelText } from './actions.ts'
import type { Label } from './store.ts'

/** The id of the project whose labels are meant, null for the global ones. Throws BAD_REQUEST. */
export function ownerOf(scope: string | undefined, projectId: number | undefined): number | null {
  if (scope !== 'g' && scope !== 'p') throw new Failure('BAD_REQUEST', 'scope must be g (global) or p (of a project)')
  if (scope === 'g') return null
  if (!projectId || projectId < 1 || !Number.isSafeInteger(projectId))
    throw new Failure('BAD_REQUEST', 'scope p needs a project_id')
  return projectId
}

/** Throws BAD_REQUEST. */
export function parseLabel({ name = '', description = '', color = '' }: Static<typeof LabelReq>): LabelText {
  const text = { name: name.trim(), description, color: color.trim() }
  const refuse = (why: string) => new Failure('BAD_REQUEST', why)
  if (text.name === '' || text.name.length > 128) throw refuse('name must have 1 to 128 characters')
  if (!isVisible(text.name)) throw refuse('name must have no control characters and no invisible ones')
  if (description.length > 1024) throw refuse('description must have at most 1024 characters')
  // Harbor takes any 16 characters, and its Terraform provider sends `false` where no color is given.
  if (!/^#?[0-9a-z]{0,16}$/i.test(text.color))
    throw refuse('color must look like #0AB1C2, be a word of at most 16 letters and digits, or be empty')
  return text
}

export function presentLabel({
  id,
  name,
  description,
  color,
  projectId,
  createdAt,
  updatedAt,
}: Label): Static<typeof LabelAnswer> {
  return {
    id,
    name,
    description,
    color,
    scope: projectId === null ? 'g' : 'p',
    project_id: projectId ?? 0,
    creation_time: createdAt.toISOString(),
    update_time: updatedAt.toISOString(),
  }
}

import { OciError } from '../../../oci/errors.ts'
import { isReferenceViolation } from '../../platform/db/db.ts'

/** How often it is looked for what others delete at the same time. */
const looks = 8

/** A blob, child or repository went away while `save` relied on it: look again, and say what is missing. */
export async function lookingAgain<Result>(save: () => Promise<Result>): Promise<Result> {
  for (let look = 1; ; look++) {
    try {
      return await save()
    } catch (error) {
      if (!isReferenceViolation(error)) throw error
      if (look === looks)
        throw new OciError('CONFLICT', 'what this needs comes and goes: try it again', {
          cause: error,
          headers: { 'retry-after': '1' },
        })
    }
  }
}

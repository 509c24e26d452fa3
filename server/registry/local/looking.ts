import { OciError } from '../../../oci/errors.ts'
import { isReferenceViolation } from '../../platform/db/db.ts'

/** How often `save` is tried in all. */
const looks = 8

/** Retries `save` when a blob, child or repository that it relied on was deleted; the retry sees what is missing. */
export async function lookingAgain<Result>(save: () => Promise<Result>): Promise<Result> {
  for (let look = 1; ; look++) {
    try {
      return await save()
    } catch (error) {
      if (!isReferenceViolation(error)) throw error
      if (look === looks)
        throw new OciError('CONFLICT', 'what this request needs is being deleted: try again', {
          cause: error,
          headers: { 'retry-after': '1' },
        })
    }
  }
}

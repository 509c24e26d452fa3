import { OciError } from '../../../oci/errors.ts'
import { isPgError } from '../../platform/db/db.ts'
import { shortageText, type Shortage } from './rules.ts'

export { quotaRoutes } from './routes.ts'
export { limitProblem } from './rules.ts'
export { findQuotaOfProject, saveQuota, setLimit } from './store.ts'

/** What a client is told when the database refused a push for want of room. Undefined for every other error. */
export function shortageOf(error: unknown): OciError | undefined {
  if (!isPgError(error) || error.code !== 'QUOTA') return undefined
  return new OciError('DENIED', shortageText(JSON.parse(error.detail!) as Shortage), { cause: error })
}

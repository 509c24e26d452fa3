import { OciError } from '../../../oci/errors.ts'
import { shortageIn, shortageText } from './rules.ts'

export { quotaRoutes } from './routes.ts'
export { limitProblem } from './rules.ts'
export { quotaFigure } from './wire.ts'
export { saveQuota, setLimit } from './store.ts'
export { facts as quotaFacts } from './topics.ts'
export { tellingShortages, tellShortage, warnOfQuota } from './tell.ts'

/** What a client is told when the database refused a push for want of room. Undefined for every other error. */
export function shortageOf(error: unknown): OciError | undefined {
  const shortage = shortageIn(error)
  return shortage && new OciError('DENIED', shortageText(shortage), { cause: error })
}

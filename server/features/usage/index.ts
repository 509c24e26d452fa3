import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import { usageRoutes } from './routes.ts'

/** What takes the storage, down to the single artifact. */
export const usage = ({ reader }: { reader: Reader & { db: Db } }) =>
  feature({ name: 'usage', routes: usageRoutes(reader) })

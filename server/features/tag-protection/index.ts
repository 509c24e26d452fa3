import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import type { SettingsReader } from '../settings/index.ts'
import { tagProtectionRoutes } from './routes.ts'
import { facts } from './topics.ts'

export { pushIsByThose, untagIsByThose, type GateOptions } from './gate.ts'
export { isAbout, isAllowed, type Doer, type Protected } from './rules.ts'
export { findRules as findProtections, listEnabled as listProtections, type ListedRule as Protection } from './store.ts'

/** Rules by which only some roles and robots may push, overwrite or delete tags. */
export const tagProtection = ({ reader, settings }: { reader: Reader & { db: Db }; settings: SettingsReader }) =>
  feature({ name: 'tag-protection', topics: facts, routes: tagProtectionRoutes(reader, settings) })

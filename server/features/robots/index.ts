import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import type { SettingsReader } from '../settings/index.ts'
import { robotRoutes } from './routes.ts'
import { facts } from './topics.ts'

export { findRobotCaller, openRobotUses, robotLogin } from './login.ts'

/** Robots: accounts for programs. */
export const robots = ({ reader, settings }: { reader: Reader & { db: Db }; settings: SettingsReader }) =>
  feature({ name: 'robots', topics: facts, routes: robotRoutes(reader, settings) })

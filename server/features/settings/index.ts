import { feature } from '../../platform/feature.ts'
import { settingsRoutes } from './routes.ts'
import type { SettingsAccess } from './settings.ts'
import { facts } from './topics.ts'

export type { Settings } from './items.ts'
export { openSettings, type SettingsAccess, type SettingsReader } from './settings.ts'
export { refuseWhileReadOnly } from './read-only.ts'

/** Harbor's configuration: items that an administrator changes while Marina runs. */
export const settings = (lent: { settings: SettingsAccess }) =>
  feature({ name: 'settings', topics: facts, routes: settingsRoutes(lent.settings) })

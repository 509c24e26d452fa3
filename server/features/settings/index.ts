export { settingsRoutes } from './routes.ts'
export { openSettings, type Seal, type SettingsAccess, type SettingsReader } from './settings.ts'
export { refuseWhileReadOnly } from './read-only.ts'

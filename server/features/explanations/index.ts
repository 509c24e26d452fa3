import type { Reader } from '../../catalog/reader.ts'
import { feature } from '../../platform/feature.ts'
import type { SettingsReader } from '../settings/index.ts'
import { explanationRoutes } from './routes.ts'

/** Who may do what in a project, and why. */
export const explanations = ({ reader, settings }: { reader: Reader; settings: SettingsReader }) =>
  feature({ name: 'explanations', routes: explanationRoutes(reader, settings) })

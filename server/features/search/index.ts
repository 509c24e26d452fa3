import type { Reader } from '../../catalog/reader.ts'
import { feature } from '../../platform/feature.ts'
import { searchRoutes } from './routes.ts'

/** Search for projects and repositories by name, and statistics on how many there are. */
export const search = ({ reader }: { reader: Reader }) => feature({ name: 'search', routes: searchRoutes(reader) })

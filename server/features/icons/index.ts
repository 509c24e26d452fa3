import type { Reader } from '../../catalog/reader.ts'
import { feature } from '../../platform/feature.ts'
import type { Registry } from '../../registry/registry.ts'
import { iconRoutes } from './routes.ts'

export { iconOf } from './default-icons.ts'

/** The icons of artifacts and accessories. */
export const icons = ({ reader, registry }: { reader: Reader; registry: Registry }) =>
  feature({ name: 'icons', routes: iconRoutes(reader, registry) })

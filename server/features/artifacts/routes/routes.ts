import { listRoutes } from './artifacts.ts'
import { moreRoutes } from './more.ts'
import type { Parts } from './shared.ts'
import { tagRoutes } from './tags.ts'

export const artifactRoutes = (parts: Parts) => [...listRoutes(parts), ...tagRoutes(parts), ...moreRoutes(parts)]

import { openArtifacts } from '../objects.ts'
import { listRoutes } from './artifacts.ts'
import { moreRoutes } from './more.ts'
import type { Parts } from './shared.ts'
import { tagRoutes } from './tags.ts'

export function artifactRoutes(given: Omit<Parts, 'artifacts'>) {
  const parts = { ...given, artifacts: openArtifacts(given.reader) }
  return [...listRoutes(parts), ...tagRoutes(parts), ...moreRoutes(parts)]
}

import type { ApiRoute } from '../../access/index.ts'
import { openArtifacts } from '../objects.ts'
import { artifactsRoutes } from './artifacts.ts'
import { moreRoutes } from './more.ts'
import type { Parts } from './shared.ts'
import { tagRoutes } from './tags.ts'

export function artifactRoutes(given: Omit<Parts, 'artifacts'>): ApiRoute[] {
  const parts = { ...given, artifacts: openArtifacts(given.reader) }
  return [...artifactsRoutes(parts), ...tagRoutes(parts), ...moreRoutes(parts)]
}

import type { ApiRoute } from '../../access/index.ts'
import { columns, type Column } from '../columns.ts'
import { openArtifacts } from '../objects.ts'
import { artifactsRoutes } from './artifacts.ts'
import { compareRoute } from './compare.ts'
import { graphRoutes } from './graph.ts'
import { moreRoutes } from './more.ts'
import { repositoryTagsRoute } from './repository-tags.ts'
import type { Parts } from './shared.ts'
import { tagRoutes } from './tags.ts'

/** `lent`: columns of other features. */
type Given = Omit<Parts, 'artifacts' | 'columns'> & { lent?: readonly Column[] }

export function artifactRoutes({ lent = [], ...given }: Given): ApiRoute[] {
  const artifacts = openArtifacts(given.reader, given.overviews)
  const parts = { ...given, artifacts, columns: [...columns, ...lent] }
  return [
    ...artifactsRoutes(parts),
    ...tagRoutes(parts),
    repositoryTagsRoute(parts),
    ...moreRoutes(parts),
    compareRoute(parts),
    ...graphRoutes(parts),
  ]
}

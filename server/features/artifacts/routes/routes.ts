import { columns, type Column } from '../columns.ts'
import { openArtifacts } from '../objects.ts'
import { listRoutes } from './artifacts.ts'
import { moreRoutes } from './more.ts'
import type { Parts } from './shared.ts'
import { tagRoutes } from './tags.ts'

/** `lent`: columns of other features. */
type Given = Omit<Parts, 'artifacts' | 'columns'> & { lent?: readonly Column[] }

export function artifactRoutes({ lent = [], ...given }: Given) {
  const parts = { ...given, artifacts: openArtifacts(given.reader), columns: [...columns, ...lent] }
  return [...listRoutes(parts), ...tagRoutes(parts), ...moreRoutes(parts)]
}

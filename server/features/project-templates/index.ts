import type { Db } from '../../platform/db/db.ts'
import { feature } from '../../platform/feature.ts'
import { applyTemplates } from './react.ts'
import { templateRoutes } from './routes.ts'
import { facts } from './topics.ts'

/** What new projects begin with: a retention policy and metadata, by their names. */
export const projectTemplates = ({ db }: { db: Db }) =>
  feature({ name: 'project-templates', topics: facts, routes: templateRoutes(db), reactions: [applyTemplates] })

import type { Project } from '../../catalog/project.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { mayInProject, type Rights } from '../access/index.ts'
import { findQuotaOfProject } from './store.ts'

/** The quota in a project's summary, for callers that may read it. The database's own sum, read each time: no cache. */
export function quotaFigure(db: Queryable) {
  return {
    field: 'quota',
    async load(project: Project, rights: Rights) {
      if (!mayInProject(rights, project, 'quota', 'read')) return undefined
      const quota = await findQuotaOfProject(db, project.id)
      return quota && { hard: { storage: quota.hard }, used: { storage: quota.used } }
    },
  }
}

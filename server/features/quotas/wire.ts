import type { Project } from '../../catalog/project.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { mayInProject, type Rights } from '../access/index.ts'
import { findQuotaOfProject } from './store.ts'

/**
 * A project's quota in its summary, for those who may read it. What is used is the database's own sum, asked each
 * time.
 */
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

import type { Project } from '../../catalog/project.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { mayInProject, type Rights } from '../access/index.ts'
import { findQuotaOfProject } from './store.ts'

/** What a project's summary says of its quota, to those who may read it. What is used is the database's own sum, asked for each time. */
export function quotaFigure(db: Queryable) {
  return {
    field: 'quota',
    async load(project: Project, rights: Rights) {
      const quota = mayInProject(rights, project, 'quota', 'read') ? await findQuotaOfProject(db, project.id) : undefined
      return quota && { hard: { storage: quota.hard }, used: { storage: quota.used } }
    },
  }
}

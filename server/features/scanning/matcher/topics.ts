import type { RepositoryName } from '../../../../oci/reference.ts'
import { topic } from '../../../catalog/topic.ts'

type Database = { source: string; advisories: number }
const ofDatabase = { type: 'vulndb', resource: ({ source }: { source: string }) => source }

/** `tags`: the newest 100. `count` is the sum of `bySeverity`; `vulnerabilities` are at most 100, the worst first. */
export type VulnerabilitiesFound = {
  projectId: number
  repository: RepositoryName
  digest: string
  tags: string[]
  /** The number of the database that has found them. */
  generation: number
  count: number
  bySeverity: Record<string, number>
  vulnerabilities: { id: string; severity: string; package: string; version: string; fixedVersion: string }[]
}

export const facts = {
  /** A caller wants an import; `source` may be a tag. */
  vulndbAsked: topic<{ executionId: number; source: string }>('vulndb.asked', { ...ofDatabase, operation: 'create' }),
  vulndbStopped: topic<{ executionId: number }>('vulndb.stopped', { type: 'vulndb', operation: 'stop' }),
  /** `cron` is null when imports are on request alone. */
  vulndbScheduled: topic<{ cron: string | null; source: string }>('vulndb.scheduled', {
    ...ofDatabase,
    operation: 'update',
  }),
  /** A database was read whole, and is in use. */
  vulndbImported: topic<Database>('vulndb.imported', { ...ofDatabase, operation: 'update' }),
  vulndbDeleted: topic<{ source: string }>('vulndb.deleted', { ...ofDatabase, operation: 'delete' }),
  /** A new database has vulnerabilities of an image that was looked into before: at most once for each of the two. */
  vulnerabilitiesFound: topic<VulnerabilitiesFound>('vulnerability.found', {
    type: 'vulnerability',
    operation: 'create',
    resource: ({ repository, digest }) => `${repository}@${digest}`,
  }),
}

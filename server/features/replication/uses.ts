import type { FindUse } from '../endpoints/index.ts'
import { listUsers } from './store.ts'

/** The policies that use an endpoint, which must not be deleted then. */
export const usedByPolicies: FindUse = async (db, endpointId) => {
  const rows = await listUsers(db, endpointId)
  return rows.length === 0 ? undefined : { kind: 'replication policies', names: rows.map(({ name }) => name) }
}

import type { FindUse } from '../endpoints/index.ts'
import { listCachesOf } from './store.ts'

/** The projects that cache an endpoint, which must not be deleted then; in Harbor's words. */
export const usedByCaches: FindUse = async (db, endpointId) => {
  const names = await listCachesOf(db, endpointId)
  return names.length === 0 ? undefined : { kind: 'proxy cache project', names }
}

import { routeOf } from '../../platform/http/route.ts'
import type { Caller } from '../../registry/caller.ts'

/**
 * Who may call an operation: 'anyone'; 'user' for every signed-in account; 'admin' for the system administrator; 'viewer' when
 * the handler itself shows each caller only what he may see.
 */
export type Access = 'anyone' | 'user' | 'admin' | 'viewer'

export const route = routeOf<Access, Caller>()

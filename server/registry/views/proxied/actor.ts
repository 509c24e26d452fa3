import type { Actor } from '../../../catalog/topics.ts'

/** Who stores what a cache keeps, in facts and in the audit log. */
export const proxyActor: Actor = { kind: 'system', id: null, name: 'proxy-cache' }

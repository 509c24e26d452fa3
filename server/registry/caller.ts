import type { Actor } from '../catalog/topics.ts'

/** What may be done to a repository by way of /v2. */
export type Action = 'pull' | 'push' | 'delete'
export const actions: readonly Action[] = ['pull', 'push', 'delete']

/** Who sent a request. It carries no rights: those are looked up at each use, so that none can be out of date. */
export type Caller =
  | { kind: 'anonymous' }
  | { kind: 'user'; id: number; name: string }
  | { kind: 'robot'; id: number; name: string }

export const anonymous: Caller = { kind: 'anonymous' }

export function actorOf(caller: Caller): Actor {
  return caller.kind === 'anonymous' ? { kind: 'anonymous', id: null, name: 'anonymous' } : caller
}

import type { Actor } from '../catalog/topics.ts'

/** What may be done to a repository by way of /v2. */
export type Action = 'pull' | 'push' | 'delete'
export const actions: readonly Action[] = ['pull', 'push', 'delete']

/** Who sent a request. It carries no rights: those are looked up at each use, so that none can be out of date. */
export type Caller =
  | { kind: 'anonymous' }
  | { kind: 'user'; id: number; name: string; /** The personal token by which the account came. */ token?: number }
  | { kind: 'robot'; id: number; name: string }
  /** A pipeline or a cluster, by the trust rules that took its token; `id` is that of the first of them. */
  | { kind: 'workload'; id: number; name: string; rules: readonly TrustedBy[]; /** In s since 1970. */ until: number }
  /** A scanner that pulls from one repository for a task, whose id this is. It has no other right. */
  | { kind: 'scanner'; id: number; name: string; repository: string }

/** A trust rule, and the version of it that took the token: a rule that was changed since gives nothing any more. */
export type TrustedBy = readonly [rule: number, version: number]

export const anonymous: Caller = { kind: 'anonymous' }

export function actorOf(caller: Caller): Actor {
  if (caller.kind === 'anonymous') return { kind: 'anonymous', id: null, name: 'anonymous' }
  if (caller.kind === 'scanner') return { kind: 'system', id: null, name: caller.name }
  const { kind, id, name } = caller
  return { kind, id, name }
}

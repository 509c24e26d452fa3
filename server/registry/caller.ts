import type { Actor } from '../catalog/topics.ts'

/** What may be done to a repository by way of /v2. */
export type Action = 'pull' | 'push' | 'delete'
export const actions: readonly Action[] = ['pull', 'push', 'delete']

/** Who sent a request. It carries no rights: those are looked up at each use, so that none can be out of date. */
export type Caller =
  | { kind: 'anonymous' }
  | {
      kind: 'user'
      id: number
      name: string
      /** The personal token by which the account came. */
      token?: number
      /** The account came by a certificate, with which nobody changes the account itself. */
      byCertificate?: true
      /** That token is the CLI secret, which is good for /v2 and /service/token alone (C-22). */
      isCli?: true
    }
  | { kind: 'robot'; id: number; name: string }
  /** A scanner that pulls from one repository for a task, whose id this is. It has no other right. */
  | { kind: 'scanner'; id: number; name: string; repository: string }

export const anonymous: Caller = { kind: 'anonymous' }

export function actorOf(caller: Caller): Actor {
  if (caller.kind === 'anonymous') return { kind: 'anonymous', id: null, name: 'anonymous' }
  if (caller.kind === 'scanner') return { kind: 'system', id: null, name: caller.name }
  const { kind, id, name } = caller
  return { kind, id, name }
}

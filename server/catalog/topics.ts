import type { Fact } from '../platform/events/emit.ts'

/** Who did it, as it will stand in the audit log: an account, a robot, Marina itself, somebody whom another registry names, or nobody known. */
export type Actor = { kind: 'user' | 'robot' | 'system' | 'external' | 'anonymous'; id: number | null; name: string }

/** Where it happened; `origin` when that was in another registry, which told us. */
export type Place = { projectId: number; repository: string; origin?: Origin }

/** What another registry told of an event: its own name, the event's id and time, where the request to it came from and its id there. */
export type Origin = { registry: string; eventId: string; at: string; address: string; requestId: string }

/** The facts about the five nouns. Past tense; one shape each; later readers rely on the names. */
export const facts = {
  artifactPushed: (at: Place & { digest: string; mediaType: string; size: number; tags: string[]; isNew: boolean }, by: Actor): Fact => ({ topic: 'artifact.pushed', payload: { ...at, by } }),
  /** Counted since the last flush, one fact per artifact, tag and puller. */
  artifactPulled: (at: Place & { digest: string; tag: string | null; count: number; lastAt: string }, by: Actor): Fact => ({ topic: 'artifact.pulled', payload: { ...at, by } }),
  artifactDeleted: (at: Place & { digest: string; tags: string[] }, by: Actor): Fact => ({ topic: 'artifact.deleted', payload: { ...at, by } }),
  tagCreated: (at: Place & { tag: string; digest: string }, by: Actor): Fact => ({ topic: 'tag.created', payload: { ...at, by } }),
  tagMoved: (at: Place & { tag: string; digest: string; from: string }, by: Actor): Fact => ({ topic: 'tag.moved', payload: { ...at, by } }),
  tagDeleted: (at: Place & { tag: string; digest: string }, by: Actor): Fact => ({ topic: 'tag.deleted', payload: { ...at, by } }),
  repositoryCreated: (at: Place, by: Actor): Fact => ({ topic: 'repository.created', payload: { ...at, by } }),
  blobDeleted: (at: Place & { digest: string }, by: Actor): Fact => ({ topic: 'blob.deleted', payload: { ...at, by } }),
  projectCreated: (at: { projectId: number; name: string; isPublic: boolean }, by: Actor): Fact => ({ topic: 'project.created', payload: { ...at, by } }),
  /** `changed`: what it is now, by Harbor's names; null for what was removed. */
  projectUpdated: (at: { projectId: number; name: string; changed: Record<string, unknown> }, by: Actor): Fact => ({ topic: 'project.updated', payload: { ...at, by } }),
  projectDeleted: (at: { projectId: number; name: string }, by: Actor): Fact => ({ topic: 'project.deleted', payload: { ...at, by } }),
  quotaUpdated: (at: { projectId: number; name: string; hard: number; from: number }, by: Actor): Fact => ({ topic: 'quota.updated', payload: { ...at, by } }),
  labelCreated: (at: { labelId: number; name: string; projectId: number | null }, by: Actor): Fact => ({ topic: 'label.created', payload: { ...at, by } }),
  labelUpdated: (at: { labelId: number; name: string; projectId: number | null; changed: Record<string, unknown> }, by: Actor): Fact => ({ topic: 'label.updated', payload: { ...at, by } }),
  labelDeleted: (at: { labelId: number; name: string; projectId: number | null }, by: Actor): Fact => ({ topic: 'label.deleted', payload: { ...at, by } }),
  /** Secrets stand as `***`. */
  configurationUpdated: (at: { changed: Record<string, unknown> }, by: Actor): Fact => ({ topic: 'configuration.updated', payload: { ...at, by } }),
  signingKeyRotated: (at: { keyId: string }, by: Actor): Fact => ({ topic: 'signing-key.rotated', payload: { ...at, by } }),
  cveAllowlistUpdated: (at: { projectId: number | null; cves: string[]; expiresAt: number | null }, by: Actor): Fact => ({ topic: 'cve-allowlist.updated', payload: { ...at, by } }),

  // People and robots; `changed` names fields, and never holds a secret.
  accountCreated: (at: { accountId: number; name: string }, by: Actor): Fact => ({ topic: 'account.created', payload: { ...at, by } }),
  accountChanged: (at: { accountId: number; name: string; changed: Record<string, string | boolean | null> }, by: Actor): Fact => ({ topic: 'account.changed', payload: { ...at, by } }),
  accountPasswordChanged: (at: { accountId: number; name: string }, by: Actor): Fact => ({ topic: 'account.password-changed', payload: { ...at, by } }),
  accountDeleted: (at: { accountId: number; name: string; projectsHandedTo: number | null }, by: Actor): Fact => ({ topic: 'account.deleted', payload: { ...at, by } }),
  sessionOpened: (at: { accountId: number; name: string }, by: Actor): Fact => ({ topic: 'session.opened', payload: { ...at, by } }),
  sessionClosed: (at: { accountId: number; name: string }, by: Actor): Fact => ({ topic: 'session.closed', payload: { ...at, by } }),
  groupCreated: (at: { groupId: number; name: string; type: number }, by: Actor): Fact => ({ topic: 'group.created', payload: { ...at, by } }),
  groupChanged: (at: { groupId: number; name: string; before: string }, by: Actor): Fact => ({ topic: 'group.changed', payload: { ...at, by } }),
  groupDeleted: (at: { groupId: number; name: string }, by: Actor): Fact => ({ topic: 'group.deleted', payload: { ...at, by } }),
  memberAdded: (at: Membership, by: Actor): Fact => ({ topic: 'member.added', payload: { ...at, by } }),
  memberChanged: (at: Membership & { before: number }, by: Actor): Fact => ({ topic: 'member.changed', payload: { ...at, by } }),
  memberRemoved: (at: Membership, by: Actor): Fact => ({ topic: 'member.removed', payload: { ...at, by } }),
  robotCreated: (at: RobotPlace & { durationDays: number; permissions: string[] }, by: Actor): Fact => ({ topic: 'robot.created', payload: { ...at, by } }),
  robotChanged: (at: RobotPlace & { changed: Record<string, unknown> }, by: Actor): Fact => ({ topic: 'robot.changed', payload: { ...at, by } }),
  robotSecretRefreshed: (at: RobotPlace, by: Actor): Fact => ({ topic: 'robot.secret-refreshed', payload: { ...at, by } }),
  robotDeleted: (at: RobotPlace, by: Actor): Fact => ({ topic: 'robot.deleted', payload: { ...at, by } }),
}

type Membership = { projectId: number; memberId: number; member: string; kind: 'account' | 'group'; role: number }
type RobotPlace = { robotId: number; name: string; projectId: number | null }

import { topic } from '../../catalog/topic.ts'

/** `projectId` null: of the whole system. */
type Robot = { robotId: number; name: string; projectId: number | null }

/** `changed` names fields and never holds a secret. */
export const facts = {
  robotCreated: topic<Robot & { durationDays: number; permissions: string[] }>('robot.created'),
  robotChanged: topic<Robot & { changed: Record<string, unknown> }>('robot.changed'),
  /** `oldUntil`: until when the secret before works; null: it ended at once. */
  robotSecretRefreshed: topic<Robot & { oldUntil: string | null }>('robot.secret-refreshed', {
    operation: 'update',
    description: ({ name }) => `give robot a new secret: ${name}`,
  }),
  robotOldSecretEnded: topic<Robot>('robot.old-secret-ended', {
    operation: 'update',
    description: ({ name }) => `end the old secret of robot: ${name}`,
  }),
  /** Once for each robot and expiry. */
  robotExpiresSoon: topic<Robot & { expiresAt: string }>('robot.expires-soon', {
    operation: 'warn',
    description: ({ name, expiresAt }) => `robot ${name} expires at ${expiresAt}`,
  }),
  robotDeleted: topic<Robot>('robot.deleted'),
}

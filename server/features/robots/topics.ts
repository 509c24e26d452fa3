import { topic } from '../../catalog/topic.ts'

/** `projectId` null: of the whole system. */
type Robot = { robotId: number; name: string; projectId: number | null }

/** `changed` names fields and never holds a secret. */
export const facts = {
  robotCreated: topic<Robot & { durationDays: number; permissions: string[] }>('robot.created'),
  robotChanged: topic<Robot & { changed: Record<string, unknown> }>('robot.changed'),
  robotSecretRefreshed: topic<Robot>('robot.secret-refreshed', {
    operation: 'update',
    description: ({ name }) => `give robot a new secret: ${name}`,
  }),
  robotDeleted: topic<Robot>('robot.deleted'),
}

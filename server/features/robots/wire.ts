import { loginNameOf, type Robot } from './store.ts'

/** Seconds since 1970; -1 for what never ends. */
export const unixTime = (at: Date | null) => (at === null ? -1 : Math.floor(at.getTime() / 1000))

export function present(robot: Robot, prefix: string) {
  const blocks = Map.groupBy(robot.grants, ({ kind, namespace }) => `${kind}\n${namespace}`)
  return {
    id: robot.id,
    name: loginNameOf(robot, prefix),
    description: robot.description,
    level: robot.projectId === null ? 'system' : 'project',
    duration: robot.durationDays,
    editable: true,
    disable: robot.isDisabled,
    expires_at: unixTime(robot.expiresAt),
    permissions: [...blocks.values()].map((grants) => ({
      kind: grants[0]!.kind, namespace: grants[0]!.namespace, access: grants.map(({ resource, action }) => ({ resource, action, effect: 'allow' })),
    })),
    creator_type: robot.creatorType,
    creator_ref: robot.creatorId,
    creation_time: robot.createdAt.toISOString(),
    update_time: robot.updatedAt.toISOString(),
    ...(robot.lastUsedAt ? { last_used_time: robot.lastUsedAt.toISOString() } : {}),
  }
}

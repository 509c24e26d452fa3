import type { Static } from 'typebox'
import type { Robot as RobotAnswer, RobotCreated, RobotPermissionReq } from '../../../api/robots.ts'
import { BadListing, parseQ, unescapedQ } from '../../platform/db/listing.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { CreatedRobot } from './actions.ts'
import { parseGrants, type Grant, type Level } from './rules.ts'
import { loginNameOf, type Robot } from './store.ts'

/** The level is not a column: a robot of a project has that level. */
export const levelOf = ({ projectId }: Robot): Level => (projectId === null ? 'system' : 'project')

/** Level and ProjectID in q choose the list (null: the system's), the rest of q filters it. Throws BadListing. */
export function parseList(given: string): { projectId: number | null; q: string } {
  const q = unescapedQ(given)
  const conditions = parseQ(q)
  const valueOf = (...names: string[]) => {
    const found = names.map((name) => conditions[name]).find((one) => one !== undefined)
    if (found && found.kind !== 'is') throw new BadListing(`q: ${names[0]} takes one value`)
    return found?.kind === 'is' ? found.value : undefined
  }
  const [level = 'system', id] = [valueOf('Level', 'level'), valueOf('ProjectID', 'project_id')]
  const rest = q.split(',').filter((part) => !/^\s*(?:Level|level|ProjectID|project_id)\s*=/.test(part)).join(',')
  if (level === 'system' && id === undefined) return { projectId: null, q: rest }
  if (level !== 'project') throw new BadListing('q: Level is system, or project together with ProjectID')
  if (id === undefined || !/^\d{1,15}$/.test(id)) throw new BadListing('q: with Level=project a ProjectID is needed')
  return { projectId: Number(id), q: rest }
}

/** What a request gives to a robot. Throws BAD_REQUEST. */
export function parsePermissions(level: string | undefined, permissions: Static<typeof RobotPermissionReq>[]): Grant[] {
  if (level !== 'system' && level !== 'project') throw new Failure('BAD_REQUEST', 'the level of a robot is system or project')
  const grants = parseGrants(level, permissions)
  if (typeof grants === 'string') throw new Failure('BAD_REQUEST', grants)
  return grants
}

export function present(robot: Robot, prefix: string): Static<typeof RobotAnswer> {
  return {
    id: robot.id,
    name: loginNameOf(robot, prefix),
    description: robot.description,
    level: levelOf(robot),
    duration: robot.durationDays,
    editable: true,
    disable: robot.isDisabled,
    expires_at: unixTime(robot.expiresAt),
    permissions: presentGrants(robot.grants),
    creator_type: robot.creatorType,
    creator_ref: robot.creatorId,
    creation_time: robot.createdAt.toISOString(),
    update_time: robot.updatedAt.toISOString(),
    ...(robot.lastUsedAt ? { last_used_time: robot.lastUsedAt.toISOString() } : {}),
  }
}

export function presentCreated({ id, loginName, secret, createdAt, expiresAt }: CreatedRobot): Static<typeof RobotCreated> {
  return { id, name: loginName, secret, creation_time: createdAt.toISOString(), expires_at: unixTime(expiresAt) }
}

/** One block for each place. */
function presentGrants(all: Grant[]): Static<typeof RobotAnswer>['permissions'] {
  const blocks = Map.groupBy(all, ({ kind, namespace }) => `${kind}\n${namespace}`)
  return [...blocks.values()].map((grants) => ({
    kind: grants[0]!.kind, namespace: grants[0]!.namespace,
    access: grants.map(({ resource, action }) => ({ resource, action, effect: 'allow' })),
  }))
}

/** Seconds since 1970; -1 for what never ends. */
const unixTime = (at: Date | null) => (at === null ? -1 : Math.floor(at.getTime() / 1000))

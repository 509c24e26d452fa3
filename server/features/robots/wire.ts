import type { Static } from 'typebox'
import type * as api from '../../../api/robots.ts'
import { BadListing, parseQ, unescapedQ } from '../../platform/db/listing.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { CreatedRobot, NewRobot, RobotChange } from './actions.ts'
import { parseGrants, type Grant, type Level } from './rules.ts'
import { knownPrefixes, loginNameOf, type Robot } from './store.ts'

/** The level is not stored: a robot with a project has level project. */
const levelOf = ({ projectId }: Robot): Level => (projectId === null ? 'system' : 'project')

/**
 * Level and ProjectID in q choose the list (`projectId` null: the system's); the rest of q filters. Throws BadListing.
 */
export function parseList(given: string): { projectId: number | null; q: string } {
  const q = unescapedQ(given)
  const conditions = parseQ(q)
  const valueOf = (...names: string[]) => {
    const found = names.map((name) => conditions[name]).find((one) => one !== undefined)
    if (found && found.kind !== 'is') throw new BadListing(`q: ${names[0]} takes one value`)
    return found?.kind === 'is' ? found.value : undefined
  }
  const [level = 'system', id] = [valueOf('Level', 'level'), valueOf('ProjectID', 'project_id')]
  const rest = q
    .split(',')
    .filter((part) => !/^\s*(?:Level|level|ProjectID|project_id)\s*=/.test(part))
    .join(',')
  if (level === 'system' && id === undefined) return { projectId: null, q: rest }
  if (level !== 'project') throw new BadListing('q: Level is system, or project together with ProjectID')
  if (id === undefined || !/^[1-9]\d{0,14}$/.test(id))
    throw new BadListing('q: with Level=project a ProjectID is needed')
  return { projectId: Number(id), q: rest }
}

/** The grants that a request gives to a robot. Throws BAD_REQUEST. */
export function parsePermissions(
  level: string | undefined,
  permissions: Static<typeof api.RobotPermissionReq>[],
): Grant[] {
  if (level !== 'system' && level !== 'project') {
    throw new Failure('BAD_REQUEST', 'the level of a robot is system or project')
  }
  const grants = parseGrants(level, permissions)
  if (typeof grants === 'string') throw new Failure('BAD_REQUEST', grants)
  return grants
}

/** The further fields of a new robot; without a duration, or with 0, it lives `defaultDays`. */
export function parseNew(
  body: Static<typeof api.RobotCreate>,
  defaultDays: number,
): Pick<NewRobot, 'name' | 'description' | 'durationDays' | 'isDisabled' | 'secret'> {
  const { name = '', description = '', disable: isDisabled = false, duration, secret } = body
  return { name, description, durationDays: duration || defaultDays, isDisabled, secret: secret || undefined }
}

/**
 * Fields that are absent stay as they are. But a body with permissions is a whole robot, of which clients in Go leave
 * out `disable` when it is false (the Terraform provider), so that Harbor reads it as false. Throws BAD_REQUEST, also
 * for another name, level or project.
 */
export function parseChange(body: Static<typeof api.RobotReq>, robot: Robot, prefix: string): RobotChange {
  const { name = loginNameOf(robot, prefix), level = levelOf(robot), permissions } = body
  const names = [prefix, ...knownPrefixes].map((one) => loginNameOf(robot, one))
  if (level !== levelOf(robot) || !names.includes(name)) {
    throw new Failure('BAD_REQUEST', 'name and level of a robot cannot be changed')
  }
  const grants = permissions && parsePermissions(level, permissions)
  if (grants && robot.projectName !== null && grants[0]!.namespace !== robot.projectName) {
    throw new Failure('BAD_REQUEST', 'the project of a robot cannot be changed')
  }
  return {
    description: body.description ?? robot.description,
    durationDays: body.duration || robot.durationDays,
    isDisabled: body.disable ?? (permissions === undefined && robot.isDisabled),
    grants,
  }
}

export function present(robot: Robot, prefix: string, warningMs: number): Static<typeof api.Robot> {
  const { expiresAt, oldSecretUntil } = robot
  const left = expiresAt === null ? Infinity : expiresAt.getTime() - Date.now()
  const life = expiresAt === null ? Infinity : expiresAt.getTime() - robot.createdAt.getTime()
  return {
    id: robot.id,
    name: loginNameOf(robot, prefix),
    description: robot.description,
    level: levelOf(robot),
    duration: robot.durationDays,
    editable: true,
    disable: robot.isDisabled,
    expires_at: unixTime(expiresAt),
    permissions: presentGrants(robot.grants),
    creator_type: robot.creatorType,
    creator_ref: robot.creatorId,
    creation_time: robot.createdAt.toISOString(),
    update_time: robot.updatedAt.toISOString(),
    ...(robot.lastUsedAt ? { last_used_time: robot.lastUsedAt.toISOString() } : {}),
    ...(oldSecretUntil ? { old_secret_until: oldSecretUntil.toISOString() } : {}),
    ...(left > 0 && left <= Math.min(warningMs, life / 2) ? { expires_soon: true } : {}),
  }
}

export function presentCreated(robot: CreatedRobot): Static<typeof api.RobotCreated> {
  const { id, loginName: name, secret, createdAt, expiresAt } = robot
  return { id, name, secret, creation_time: createdAt.toISOString(), expires_at: unixTime(expiresAt) }
}

/** Grants as Harbor shows them: one block for each place. */
function presentGrants(all: Grant[]): Static<typeof api.Robot>['permissions'] {
  const blocks = Map.groupBy(all, ({ kind, namespace }) => `${kind}\n${namespace}`)
  return [...blocks.values()].map((grants) => ({
    kind: grants[0]!.kind,
    namespace: grants[0]!.namespace,
    access: grants.map(({ resource, action }) => ({ resource, action, effect: 'allow' })),
  }))
}

/** Seconds since 1970; null becomes -1, never. */
const unixTime = (at: Date | null) => (at === null ? -1 : Math.floor(at.getTime() / 1000))

import type { Actor } from '../../catalog/topics.ts'
import { isReferenceViolation, isUniqueViolation, type Db } from '../../platform/db/db.ts'
import { differing } from '../../platform/events/differing.ts'
import { emit } from '../../platform/events/emit.ts'
import { Failure } from '../../platform/http/failure.ts'
import { hashPassword, makeSecret, passwordProblem, quickHash } from '../accounts/index.ts'
import { durationProblem, robotNameProblem, type Grant } from './rules.ts'
import {
  changeRobot,
  changeSecret,
  dropOldSecret,
  dropRobot,
  lockPlaces,
  loginNameOf,
  saveGrants,
  saveRobot,
  type Robot,
} from './store.ts'
import { facts } from './topics.ts'

export type NewRobot = {
  name: string
  projectId: number | null
  projectName: string | null
  description: string
  durationDays: number
  isDisabled: boolean
  grants: Grant[]
  secret: string | undefined
}
/** Changes of a robot; without `grants` it keeps those that it has. */
export type RobotChange = {
  description: string
  durationDays: number
  isDisabled: boolean
  grants: Grant[] | undefined
}
export type CreatedRobot = { id: number; loginName: string; secret: string; createdAt: Date; expiresAt: Date | null }

/** Creates a robot. Only this answer holds the secret. Throws BAD_REQUEST, or CONFLICT when the name is taken. */
export async function createRobot(db: Db, by: Actor, wanted: NewRobot, prefix: string): Promise<CreatedRobot> {
  refuse(robotNameProblem(wanted.name) ?? durationProblem(wanted.durationDays) ?? textProblem(wanted.description))
  const { secret, secretHash } = await secretOf(wanted.secret)
  const loginName = loginNameOf(wanted, prefix)
  try {
    return await db.transaction(async (tx) => {
      refuseGone(await lockPlaces(tx, wanted.grants))
      const robot = await saveRobot(tx, {
        ...wanted,
        secretHash,
        creatorType: by.kind === 'robot' ? 'robot' : 'local',
        creatorId: by.id ?? 0,
      })
      await saveGrants(tx, robot.id, wanted.grants)
      await emit(tx, [
        facts.robotCreated(
          {
            robotId: robot.id,
            name: loginName,
            projectId: wanted.projectId,
            durationDays: wanted.durationDays,
            permissions: textsOf(wanted.grants),
          },
          by,
        ),
      ])
      return { ...robot, loginName, secret }
    })
  } catch (error) {
    if (isUniqueViolation(error))
      throw new Failure('CONFLICT', `the robot ${loginName} exists already`, { cause: error })
    if (isReferenceViolation(error)) throw new Failure('NOT_FOUND', 'the project is gone', { cause: error })
    throw error
  }
}

export async function updateRobot(db: Db, by: Actor, robot: Robot, change: RobotChange, prefix: string): Promise<void> {
  refuse(durationProblem(change.durationDays) ?? textProblem(change.description))
  await db.transaction(async (tx) => {
    if (change.grants) refuseGone(await lockPlaces(tx, change.grants))
    await changeRobot(tx, robot, change)
    if (change.grants) await saveGrants(tx, robot.id, change.grants)
    const changed = differing(toldOf(robot), toldOf(change))
    if (Object.keys(changed).length > 0)
      await emit(tx, [facts.robotChanged({ ...placeOf(robot, prefix), changed }, by)])
  })
}

/** Replaces the secret and returns the new one. The old one works for `oldMs` more; with 0 it ends at once (C-23). */
export async function refreshSecret(
  db: Db,
  by: Actor,
  robot: Robot,
  { secret: wanted, oldMs }: { secret: string | undefined; oldMs: number },
  prefix: string,
): Promise<string> {
  const { secret, secretHash } = await secretOf(wanted)
  await db.transaction(async (tx) => {
    const oldUntil = await changeSecret(tx, robot, secretHash, oldMs)
    const fact = { ...placeOf(robot, prefix), oldUntil: oldUntil?.toISOString() ?? null }
    await emit(tx, [facts.robotSecretRefreshed(fact, by)])
  })
  return secret
}

/** Ends the secret before the present one at once. Throws NOT_FOUND when none works. */
export async function endOldSecret(db: Db, by: Actor, robot: Robot, prefix: string): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await dropOldSecret(tx, robot))) throw new Failure('NOT_FOUND', 'this robot has one secret alone')
    await emit(tx, [facts.robotOldSecretEnded(placeOf(robot, prefix), by)])
  })
}

export async function deleteRobot(db: Db, by: Actor, robot: Robot, prefix: string): Promise<void> {
  await db.transaction(async (tx) => {
    await dropRobot(tx, robot)
    await emit(tx, [facts.robotDeleted(placeOf(robot, prefix), by)])
  })
}

function refuseGone(names: string[]): void {
  if (names.length > 0) throw new Failure('NOT_FOUND', `project ${names.join(', ')} not found`)
}

/** Grants as the audit log shows them: `project library repository:pull`. */
const textsOf = (grants: Grant[]) =>
  [
    ...new Set(grants.map(({ kind, namespace, resource, action }) => `${kind} ${namespace} ${resource}:${action}`)),
  ].toSorted()
const toldOf = ({ description, durationDays, isDisabled, grants }: RobotChange) => ({
  description,
  durationDays,
  isDisabled,
  ...(grants ? { permissions: textsOf(grants) } : {}),
})
const placeOf = (robot: Robot, prefix: string) => ({
  robotId: robot.id,
  name: loginNameOf(robot, prefix),
  projectId: robot.projectId,
})
const textProblem = (text: string) =>
  text.length > 1024 || text.includes('\0') ? 'a description has at most 1024 characters' : undefined

function refuse(problem: string | undefined) {
  if (problem) throw new Failure('BAD_REQUEST', problem)
}

/** A generated secret cannot be guessed, so that a quick hash is enough; one that a client chose gets a slow hash. */
async function secretOf(wanted: string | undefined): Promise<{ secret: string; secretHash: string }> {
  if (wanted !== undefined) {
    if (passwordProblem(wanted))
      throw new Failure(
        'BAD_REQUEST',
        'a secret has 8 to 128 characters with an upper-case letter, a lower-case letter and a digit',
      )
    return { secret: wanted, secretHash: await hashPassword(wanted) }
  }
  const secret = makeSecret()
  return { secret, secretHash: quickHash(secret) }
}

import * as api from '../../../api/robots.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { created } from '../../platform/http/reply.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type ApiRoute } from '../access/index.ts'
import type { SettingsReader } from '../settings/index.ts'
import { createRobot, deleteRobot, endOldSecret, refreshSecret, updateRobot } from './actions.ts'
import { checkPlaces, demand, getProject, getRobot } from './guards.ts'
import { listRobots, robotFields, robotOrder } from './store.ts'
import { parseChange, parseList, parseNew, parsePermissions, present, presentCreated } from './wire.ts'

/** In ms: how long an old secret works, unless the request says; how long before its expiry a robot is warned of. */
export type RobotLimits = { oldSecretMs: number; warningMs: number }

/** Robots of the system and of projects. Rights are checked in the place that a robot belongs to. */
export function robotRoutes(
  { db, cache }: { db: Db; cache: Reader['cache'] },
  settings: SettingsReader,
  limits: RobotLimits,
): ApiRoute[] {
  const reader = { db, cache }
  const { warningMs } = limits
  const prefixOf = () => settings.get('robot_name_prefix')
  return [
    ...secretRoutes(db, prefixOf, limits),
    route(api.listRobots, 'own', async ({ query, rights }) => {
      const { projectId, q } = parseList(query.q ?? '')
      await demand(db, rights, projectId, 'list')
      const prefix = await prefixOf()
      const { rows, total } = await listRobots(db, projectId, listing(robotFields(prefix), { ...query, q }, robotOrder))
      return { rows: rows.map((robot) => present(robot, prefix, warningMs)), total }
    }),
    route(api.createRobot, 'own', async ({ body, rights, caller }) => {
      const grants = parsePermissions(body.level, body.permissions ?? [])
      const project = body.level === 'project' ? await getProject(reader, rights, grants[0]!.namespace) : undefined
      await demand(db, rights, project ? project.id : null, 'create')
      await checkPlaces(reader, rights, grants)
      const robot = await createRobot(
        db,
        actorOf(caller),
        {
          ...parseNew(body, await settings.get('robot_token_duration')),
          grants,
          projectId: project?.id ?? null,
          projectName: project?.name ?? null,
        },
        await prefixOf(),
      )
      return created(robot.id, presentCreated(robot))
    }),
    route(api.getRobot, 'own', async ({ params, rights }) =>
      present(await getRobot(db, params.robot_id, rights, 'read'), await prefixOf(), warningMs),
    ),
    route(api.updateRobot, 'own', async ({ params, body, rights, caller }) => {
      const robot = await getRobot(db, params.robot_id, rights, 'update')
      const prefix = await prefixOf()
      const change = parseChange(body, robot, prefix)
      if (change.grants) await checkPlaces(reader, rights, change.grants)
      await updateRobot(db, actorOf(caller), robot, change, prefix)
    }),
    route(api.deleteRobot, 'own', async ({ params, rights, caller }) => {
      await deleteRobot(db, actorOf(caller), await getRobot(db, params.robot_id, rights, 'delete'), await prefixOf())
    }),
  ]
}

function secretRoutes(db: Db, prefixOf: () => Promise<string>, { oldSecretMs }: RobotLimits): ApiRoute[] {
  return [
    route(api.refreshRobotSecret, 'own', async ({ params, body, rights, caller }) => {
      const robot = await getRobot(db, params.robot_id, rights, 'update')
      const wanted = body.secret || undefined
      const oldMs = body.old_secret_hours === undefined ? oldSecretMs : body.old_secret_hours * 3_600_000
      const secret = await refreshSecret(db, actorOf(caller), robot, { secret: wanted, oldMs }, await prefixOf())
      return wanted === undefined ? { secret } : {}
    }),
    route(api.endOldRobotSecret, 'own', async ({ params, rights, caller }) => {
      const robot = await getRobot(db, params.robot_id, rights, 'update')
      await endOldSecret(db, actorOf(caller), robot, await prefixOf())
    }),
  ]
}

import * as api from '../../../api/robots.ts'
import { findProject, findProjectById, type Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { Failure } from '../../platform/http/failure.ts'
import { created } from '../../platform/http/reply.ts'
import { actorOf } from '../../registry/caller.ts'
import type { SettingsReader } from '../settings/index.ts'
import { mayInProject, maySee, maySystem, route, type ApiRoute, type Rights, type Verb } from '../access/index.ts'
import { createRobot, deleteRobot, refreshSecret, updateRobot } from './actions.ts'
import { grantsBeyond, type Grant } from './rules.ts'
import { findRobot, listRobots, loginNameOf, robotFields, robotOrder, type Robot } from './store.ts'
import { levelOf, parseList, parsePermissions, present, presentCreated } from './wire.ts'

/** Robots of the system and of projects; the right to a robot is looked up in the place that it belongs to. */
export function robotRoutes({ db, cache }: { db: Db; cache: Reader['cache'] }, settings: SettingsReader): ApiRoute[] {
  const reader = { db, cache }
  const prefixOf = () => settings.get('robot_name_prefix')
  return [
    route(api.listRobots, 'own', async ({ query, rights }) => {
      const { projectId, q } = parseList(query.q ?? '')
      await needs(rights, projectId, 'list')
      const prefix = await prefixOf()
      const { rows, total } = await listRobots(db, projectId, listing(robotFields(prefix), { ...query, q }, robotOrder))
      return { rows: rows.map((robot) => present(robot, prefix)), total }
    }),
    route(api.createRobot, 'own', async ({ body, rights, caller }) => {
      const { name = '', level, permissions = [], duration, description = '', disable: isDisabled = false, secret } = body
      const grants = parsePermissions(level, permissions)
      const project = level === 'project' ? await projectOf(rights, grants[0]!.namespace) : undefined
      await needs(rights, project ? project.id : null, 'create')
      await checkPlaces(rights, grants)
      const robot = await createRobot(db, actorOf(caller), {
        name, projectId: project?.id ?? null, projectName: project?.name ?? null, description, isDisabled, grants,
        durationDays: duration ?? (await settings.get('robot_token_duration')), secret: secret || undefined,
      }, await prefixOf())
      return created(robot.id, presentCreated(robot))
    }),
    route(api.getRobot, 'own', async ({ params, rights }) =>
      present(await getRobot(params.robot_id, rights, 'read'), await prefixOf())),
    route(api.updateRobot, 'own', async ({ params, body, rights, caller }) => {
      const robot = await getRobot(params.robot_id, rights, 'update')
      const { name, level, permissions, duration, description, disable } = body
      const prefix = await prefixOf()
      const isOther = (level ?? levelOf(robot)) !== levelOf(robot) || (name ?? loginNameOf(robot, prefix)) !== loginNameOf(robot, prefix)
      if (isOther) throw new Failure('BAD_REQUEST', 'name and level of a robot cannot be changed')
      const grants = permissions && (await grantsFor(robot, rights, permissions))
      await updateRobot(db, actorOf(caller), robot, {
        description: description ?? robot.description, durationDays: duration ?? robot.durationDays,
        isDisabled: disable ?? robot.isDisabled, grants,
      }, prefix)
    }),
    route(api.refreshRobotSecret, 'own', async ({ params, body, rights, caller }) => {
      const robot = await getRobot(params.robot_id, rights, 'update')
      const wanted = body.secret || undefined
      const secret = await refreshSecret(db, actorOf(caller), robot, wanted, await prefixOf())
      return wanted === undefined ? { secret } : {}
    }),
    route(api.deleteRobot, 'own', async ({ params, rights, caller }) => {
      await deleteRobot(db, actorOf(caller), await getRobot(params.robot_id, rights, 'delete'), await prefixOf())
    }),
  ]

  /** 404 for an id that does not exist, 403 for the robot of a project in which the right is missing, as in Harbor (H15). */
  async function getRobot(id: number, rights: Rights, verb: Verb): Promise<Robot> {
    const robot = await findRobot(db, id)
    if (!robot) throw new Failure('NOT_FOUND', `there is no robot ${id}`)
    await needs(rights, robot.projectId, verb)
    return robot
  }

  async function needs(rights: Rights, projectId: number | null, verb: Verb): Promise<void> {
    const may = projectId === null ? maySystem(rights, 'robot', verb) : mayIn(rights, await findProjectById(db, projectId), verb)
    if (!may) throw new Failure('FORBIDDEN')
  }

  /** New permissions for a robot that stays where it belongs. */
  async function grantsFor(robot: Robot, rights: Rights, permissions: Parameters<typeof parsePermissions>[1]): Promise<Grant[]> {
    const grants = parsePermissions(levelOf(robot), permissions)
    if (robot.projectName !== null && grants[0]!.namespace !== robot.projectName) {
      throw new Failure('BAD_REQUEST', 'the project of a robot cannot be changed')
    }
    await checkPlaces(rights, grants)
    return grants
  }

  /** Absent and forbidden projects look the same to those who do not see all of them. */
  async function projectOf(rights: Rights, name: string): Promise<Project> {
    const project = await findProject(reader, name)
    if (project) return project
    throw maySystem(rights, 'project', 'list') ? new Failure('NOT_FOUND', `there is no project ${name}`) : new Failure('FORBIDDEN')
  }

  /** Every project named must be there; a robot gives only what it has itself. */
  async function checkPlaces(rights: Rights, grants: Grant[]): Promise<void> {
    if (rights.kind === 'robot' && grantsBeyond(rights, grants).length > 0) {
      throw new Failure('FORBIDDEN', 'a robot cannot give what it does not have')
    }
    const names = new Set(grants.filter(({ kind, namespace }) => kind === 'project' && namespace !== '*').map(({ namespace }) => namespace))
    if (names.size > 100) throw new Failure('BAD_REQUEST', 'at most 100 projects: use * for all')
    await Promise.all([...names].map((name) => projectOf(rights, name)))
  }
}

const mayIn = (rights: Rights, project: Project | undefined, verb: Verb): boolean =>
  project !== undefined && maySee(rights, project) && mayInProject(rights, project, 'robot', verb)

import { Type } from 'typebox'
import { idParam, ListQuery } from '../../../api/requests.ts'
import { Robot as RobotAnswer, RobotCreate, RobotCreated, RobotSec } from '../../../api/robots.ts'
import { findProject, findProjectById, type Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { BadListing, listing, parseQ, unescapedQ } from '../../platform/db/listing.ts'
import { Failure } from '../../platform/http/failure.ts'
import { pageHeaders } from '../../platform/http/paging.ts'
import { actorOf } from '../../registry/caller.ts'
import type { SettingsReader } from '../settings/index.ts'
import { mayInProject, maySee, maySystem, route, type Rights, type Verb } from '../access/index.ts'
import { createRobot, deleteRobot, refreshSecret, updateRobot } from './actions.ts'
import { grantsBeyond, parseGrants, type Grant, type Level } from './rules.ts'
import { findRobot, listRobots, loginNameOf, robotFields, robotOrder, type Robot } from './store.ts'
import { present, unixTime } from './wire.ts'

const path = '/api/v2.0/robots'
const tag = 'robot'
const RobotId = Type.Object({ robot_id: idParam })

export function robotRoutes({ db, cache }: { db: Db; cache: Reader['cache'] }, settings: SettingsReader) {
  const reader = { db, cache }
  const prefixOf = () => settings.get('robot_name_prefix')
  return [
    route({
      id: 'ListRobot', tag, method: 'GET', path: '/robots', access: 'own',
      summary: 'List system robots, or with q=Level=project,ProjectID=1 those of a project',
      schema: { query: ListQuery, answers: { 200: Type.Array(RobotAnswer) } },
      async handler({ query, rights, header }) {
        const { projectId, q } = await chosenList(query.q ?? '')
        await needs(rights, projectId, 'list')
        const prefix = await prefixOf()
        const asked = listing(robotFields(prefix), { ...query, q }, robotOrder)
        const { robots, total } = await listRobots(db, projectId, asked)
        pageHeaders(path, query, asked.page, asked.pageSize, total, header)
        return { status: 200, body: robots.map((robot) => present(robot, prefix)) }
      },
    }),
    route({
      id: 'CreateRobot', tag, method: 'POST', path: '/robots', access: 'own',
      summary: 'Create a robot; its secret is shown once, in this answer',
      schema: { body: RobotCreate, answers: { 201: RobotCreated } },
      async handler({ body: { name = '', level, permissions = [], duration, description = '', disable = false, secret }, rights, caller, header }) {
        const grants = checkGrants(level, permissions)
        const project = level === 'project' ? await projectOf(rights, grants[0]!.namespace) : undefined
        await needs(rights, project ? project.id : null, 'create')
        await checkPlaces(rights, grants)
        const robot = await createRobot(db, actorOf(caller), {
          name, projectId: project?.id ?? null, projectName: project?.name ?? null, description, durationDays: duration ?? (await settings.get('robot_token_duration')), isDisabled: disable, grants, secret: secret || undefined,
        }, await prefixOf())
        header('location', `${path}/${robot.id}`)
        return { status: 201, body: { id: robot.id, name: robot.loginName, secret: robot.secret, creation_time: robot.createdAt.toISOString(), expires_at: unixTime(robot.expiresAt) } }
      },
    }),
    route({
      id: 'GetRobotByID', tag, method: 'GET', path: '/robots/{robot_id}', access: 'own',
      summary: 'Get a robot',
      schema: { params: RobotId, answers: { 200: RobotAnswer } },
      handler: async ({ params, rights }) => ({ status: 200, body: present(await getRobot(params.robot_id, rights, 'read'), await prefixOf()) }),
    }),
    route({
      id: 'UpdateRobot', tag, method: 'PUT', path: '/robots/{robot_id}', access: 'own',
      summary: 'Change description, duration, permissions, or disable a robot; name, level and project stay',
      schema: { params: RobotId, body: RobotAnswer, answers: { 200: null } },
      async handler({ params, body: { name, level, permissions, duration, description, disable }, rights, caller }) {
        const robot = await getRobot(params.robot_id, rights, 'update')
        const prefix = await prefixOf()
        if ((level !== undefined && level !== levelOf(robot)) || (name !== undefined && name !== loginNameOf(robot, prefix))) throw new Failure('BAD_REQUEST', 'name and level of a robot cannot be changed')
        const grants = permissions && checkGrants(levelOf(robot), permissions)
        if (grants && robot.projectName !== null && grants[0]!.namespace !== robot.projectName) throw new Failure('BAD_REQUEST', 'the project of a robot cannot be changed')
        if (grants) await checkPlaces(rights, grants)
        await updateRobot(db, actorOf(caller), robot, {
          description: description ?? robot.description, durationDays: duration ?? robot.durationDays, isDisabled: disable ?? robot.isDisabled, grants,
        }, prefix)
        return { status: 200 }
      },
    }),
    route({
      id: 'RefreshSec', tag, method: 'PATCH', path: '/robots/{robot_id}', access: 'own',
      summary: 'Give a robot the secret in the body, or without one a new secret that this answer shows once',
      schema: { params: RobotId, body: RobotSec, answers: { 200: RobotSec } },
      async handler({ params, body, rights, caller }) {
        const robot = await getRobot(params.robot_id, rights, 'update')
        const wanted = body.secret || undefined
        const secret = await refreshSecret(db, actorOf(caller), robot, wanted, await prefixOf())
        return { status: 200, body: wanted === undefined ? { secret } : {} }
      },
    }),
    route({
      id: 'DeleteRobot', tag, method: 'DELETE', path: '/robots/{robot_id}', access: 'own',
      summary: 'Delete a robot',
      schema: { params: RobotId, answers: { 200: null } },
      async handler({ params, rights, caller }) {
        await deleteRobot(db, actorOf(caller), await getRobot(params.robot_id, rights, 'delete'), await prefixOf())
        return { status: 200 }
      },
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
    const project = projectId === null ? undefined : await findProjectById(db, projectId)
    const may = projectId === null ? maySystem(rights, 'robot', verb) : project !== undefined && maySee(rights, project) && mayInProject(rights, project, 'robot', verb)
    if (!may) throw new Failure('FORBIDDEN')
  }

  /** Absent and forbidden projects look the same to whoever does not see all of them. */
  async function projectOf(rights: Rights, name: string): Promise<Project> {
    const project = await findProject(reader, name)
    if (project) return project
    throw new Failure(maySystem(rights, 'project', 'list') ? 'NOT_FOUND' : 'FORBIDDEN', maySystem(rights, 'project', 'list') ? `there is no project ${name}` : undefined)
  }

  /** Every project named must be there; a robot gives only what it has itself. */
  async function checkPlaces(rights: Rights, grants: Grant[]): Promise<void> {
    if (rights.kind === 'robot' && grantsBeyond(rights, grants).length > 0) throw new Failure('FORBIDDEN', 'a robot cannot give what it does not have')
    const names = new Set(grants.filter(({ kind, namespace }) => kind === 'project' && namespace !== '*').map(({ namespace }) => namespace))
    if (names.size > 100) throw new Failure('BAD_REQUEST', 'at most 100 projects: use * for all')
    await Promise.all([...names].map((name) => projectOf(rights, name)))
  }

  /** Level and ProjectID choose the list, the rest of q filters it. */
  async function chosenList(given: string): Promise<{ projectId: number | null; q: string }> {
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
}

const levelOf = ({ projectId }: Robot): Level => (projectId === null ? 'system' : 'project')

function checkGrants(level: string | undefined, permissions: Parameters<typeof parseGrants>[1]): Grant[] {
  if (level !== 'system' && level !== 'project') throw new Failure('BAD_REQUEST', 'the level of a robot is system or project')
  const grants = parseGrants(level, permissions)
  if (typeof grants === 'string') throw new Failure('BAD_REQUEST', grants)
  return grants
}

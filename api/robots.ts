import { Type } from './type.ts'
import { operation } from './operation.ts'
import { idParam, ListQuery, ownBounds } from './requests.ts'

export const AccessReq = Type.Object({
  resource: Type.Optional(Type.String()),
  action: Type.Optional(Type.String()),
  effect: Type.Optional(Type.String()),
})

export const Access = Type.Required(AccessReq)

export const RobotPermissionReq = Type.Object({
  kind: Type.Optional(Type.String()),
  namespace: Type.Optional(Type.String()),
  access: Type.Optional(Type.Array(AccessReq)),
})

export const RobotPermission = Type.Object({
  kind: Type.String(),
  namespace: Type.String(),
  access: Type.Array(Access),
})

export const Robot = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  description: Type.String(),
  secret: Type.Optional(Type.String()),
  level: Type.String(),
  duration: Type.Integer(),
  editable: Type.Boolean(),
  disable: Type.Boolean(),
  expires_at: Type.Integer(),
  permissions: Type.Array(RobotPermission),
  creator_type: Type.String(),
  creator_ref: Type.Integer(),
  creation_time: Type.String({ format: 'date-time' }),
  update_time: Type.String({ format: 'date-time' }),
  last_used_time: Type.Optional(
    Type.String({
      format: 'date-time',
      description: 'its last login, absent before the first; not in Harbor',
    }),
  ),
  old_secret_until: Type.Optional(
    Type.String({
      format: 'date-time',
      description: 'until when the secret before the present one still works; absent when it does not; not in Harbor',
    }),
  ),
  expires_soon: Type.Optional(
    Type.Boolean({ description: 'expires within MARINA_ROBOT_WARNING, absent otherwise; not in Harbor' }),
  ),
})

/** A robot as clients send it to change it; fields that they leave out stay. */
export const RobotReq = Type.Partial(Type.Object({ ...Robot.properties, permissions: Type.Array(RobotPermissionReq) }))

export const RobotCreate = Type.Object({
  name: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
  secret: Type.Optional(Type.String()),
  level: Type.Optional(Type.String()),
  disable: Type.Optional(Type.Boolean()),
  duration: Type.Optional(Type.Integer()),
  permissions: Type.Optional(Type.Array(RobotPermissionReq)),
})

export const RobotCreated = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  secret: Type.String(),
  creation_time: Type.String({ format: 'date-time' }),
  expires_at: Type.Integer(),
})

/** The secret that was generated; absent when the request set one. */
export const RobotSec = Type.Object({
  secret: Type.Optional(Type.String()),
})

/** The secret to set; absent: Marina makes one. */
export const RobotSecReq = Type.Object({
  secret: Type.Optional(Type.String()),
  old_secret_hours: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 720,
      ...ownBounds,
      description:
        'for how many hours the present secret works beside the new one; 0: it ends at once; absent: as ' +
        'MARINA_ROBOT_OLD_SECRET says; not in Harbor',
    }),
  ),
})

const tag = 'robot'
const path = '/robots/{robot_id}'
const params = Type.Object({ robot_id: idParam })

export const listRobots = operation({
  id: 'ListRobot',
  tag,
  method: 'GET',
  path: '/robots',
  summary: 'List system robots, or with q=Level=project,ProjectID=1 those of a project',
  query: ListQuery,
  status: 200,
  answer: Type.Array(Robot),
  page: true,
})

export const createRobot = operation({
  id: 'CreateRobot',
  tag,
  method: 'POST',
  path: '/robots',
  summary: 'Create a robot; its secret is shown once, in this answer',
  body: RobotCreate,
  status: 201,
  answer: RobotCreated,
})

export const getRobot = operation({
  id: 'GetRobotByID',
  tag,
  method: 'GET',
  path,
  summary: 'Get a robot',
  params,
  status: 200,
  answer: Robot,
})

export const updateRobot = operation({
  id: 'UpdateRobot',
  tag,
  method: 'PUT',
  path,
  summary: 'Change description, duration, permissions, or disable a robot; name, level and project stay',
  params,
  body: RobotReq,
  status: 200,
})

export const refreshRobotSecret = operation({
  id: 'RefreshSec',
  tag,
  method: 'PATCH',
  path,
  summary: 'Give a robot the secret in the body, or without one a new secret that this answer shows once',
  params,
  body: RobotSecReq,
  status: 200,
  answer: RobotSec,
})

export const endOldRobotSecret = operation({
  id: 'endOldRobotSecret',
  tag,
  method: 'DELETE',
  path: `${path}/old-secret`,
  summary: 'End the secret before the present one at once; not in Harbor',
  params,
  status: 200,
})

export const deleteRobot = operation({
  id: 'DeleteRobot',
  tag,
  method: 'DELETE',
  path,
  summary: 'Delete a robot',
  params,
  status: 200,
})

import { deleteRobot, refreshRobotSecret, updateRobot } from '../../../../api/robots.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { Confirm } from '../../ui/confirm.tsx'
import { LastUse } from '../../ui/expiry.tsx'
import { toast } from '../../ui/toasts.tsx'
import { draftOf, shortName } from '../../lib/permissions.ts'
import { forgetRobots, type Robot, type Secret } from './robot.ts'
import { words } from './words.ts'

type QuestionProps = { robot: Robot; onClose(): void }

/** Disables or enables a robot. Its other fields go along, since clients of Harbor send the whole robot. */
export async function switchRobot(robot: Robot, disable: boolean): Promise<void> {
  const { id, name, level, duration, description, permissions } = robot
  const body = { id, name, level, duration, description, permissions, disable }
  await send(updateRobot, { params: { robot_id: id }, body })
  forgetRobots()
}

export function DisableRobot({ robot, onClose }: QuestionProps) {
  return (
    <Confirm
      title={words().disableTitle(shortName(robot.name))}
      action={words().disable}
      onClose={onClose}
      run={async () => {
        await switchRobot(robot, true)
        toast(words().nowDisabled(robot.name), { undo: () => void switchRobot(robot, false) })
      }}
    >
      <p>{words().disableHint}</p>
      <LastUse at={robot.last_used_time} />
    </Confirm>
  )
}

export function DeleteRobot({ robot, onClose }: QuestionProps) {
  return (
    <Confirm
      title={words().deleteTitle(shortName(robot.name))}
      action={common().delete}
      typed={robot.name}
      onClose={onClose}
      run={async () => {
        await send(deleteRobot, { params: { robot_id: robot.id } })
        forgetRobots()
        toast(words().gone(robot.name))
      }}
    >
      <p>{words().deleteHint}</p>
      <LastUse at={robot.last_used_time} />
    </Confirm>
  )
}

export function RefreshSecret({ robot, onClose, onMade }: QuestionProps & { onMade(secret: Secret): void }) {
  return (
    <Confirm
      title={words().refreshTitle(shortName(robot.name))}
      action={words().refreshAction}
      onClose={onClose}
      run={async () => {
        const { body } = await send(refreshRobotSecret, { params: { robot_id: robot.id }, body: {} })
        const [project] = draftOf(robot.permissions)?.places ?? []
        onMade({ title: words().renewed(shortName(robot.name)), name: robot.name, secret: body.secret ?? '', project })
      }}
    >
      <p>{words().refreshHint}</p>
      <LastUse at={robot.last_used_time} />
    </Confirm>
  )
}

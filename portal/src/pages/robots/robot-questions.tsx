import { useState } from 'preact/hooks'
import { deleteRobot, endOldRobotSecret, refreshRobotSecret, updateRobot } from '../../../../api/robots.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { RadioCards } from '../../ui/choices.tsx'
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

/** For how many hours the present secret works beside a new one. */
const overlaps = ['0', '1', '24', '168']

export function RefreshSecret({ robot, onClose, onMade }: QuestionProps & { onMade(secret: Secret): void }) {
  const [hours, setHours] = useState('0')
  return (
    <Confirm
      title={words().refreshTitle(shortName(robot.name))}
      action={words().refreshAction}
      onClose={onClose}
      run={async () => {
        const { body } = await send(refreshRobotSecret, {
          params: { robot_id: robot.id },
          body: { old_secret_hours: Number(hours) },
        })
        const [project] = draftOf(robot.permissions)?.places ?? []
        forgetRobots()
        onMade({ title: words().renewed(shortName(robot.name)), name: robot.name, secret: body.secret ?? '', project })
      }}
    >
      <RadioCards
        name="overlap"
        label={words().overlap}
        value={hours}
        options={overlaps.map((one) => ({
          value: one,
          label: words().overlaps[one] ?? one,
          ...(one === '0' && { hint: words().refreshHint }),
        }))}
        onPick={setHours}
      />
      {robot.old_secret_until !== undefined && <p class="note warn">{words().replacesOld}</p>}
      <LastUse at={robot.last_used_time} />
    </Confirm>
  )
}

/** Ends the secret before the present one. */
export function EndOldSecret({ robot, onClose }: QuestionProps) {
  return (
    <Confirm
      title={words().endOldTitle(shortName(robot.name))}
      action={words().endOld}
      onClose={onClose}
      run={async () => {
        await send(endOldRobotSecret, { params: { robot_id: robot.id } })
        forgetRobots()
        toast(words().oldEnded(robot.name))
      }}
    >
      <p>{words().endOldHint}</p>
      <LastUse at={robot.last_used_time} />
    </Confirm>
  )
}

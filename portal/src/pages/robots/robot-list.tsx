import { useState } from 'preact/hooks'
import { deleteRobot, listRobots } from '../../../../api/robots.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { isQ, likeQ } from '../../lib/q.ts'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import type { BulkAction } from '../../ui/grid-bulk.tsx'
import { DataGrid } from '../../ui/grid.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { toast } from '../../ui/toasts.tsx'
import { purposes, type Purpose } from '../../lib/permissions.ts'
import { columnsOf } from './robot-columns.tsx'
import { DeleteRobot, DisableRobot, EndOldSecret, RefreshSecret, switchRobot } from './robot-questions.tsx'
import { RobotWizard } from './robot-wizard.tsx'
import { SecretDialog } from '../../ui/secret-dialog.tsx'
import { forgetRobots, type Owner, type Robot, type Secret } from './robot.ts'
import { words } from './words.ts'

export type OpenRobot =
  | { what: 'add'; purpose?: Purpose }
  | { what: 'edit' | 'refresh' | 'end-old' | 'disable' | 'delete'; robot: Robot }
  | undefined

type RobotRights = { mayCreate: boolean; mayUpdate: boolean; mayDelete: boolean }
type ListProps = { owner: Owner; rights: RobotRights; open: OpenRobot; onOpen(open: OpenRobot): void }

/** The robots of a project or of the system, and what can be done with them. */
export function RobotList({ owner, rights, open, onOpen }: ListProps) {
  const [secret, setSecret] = useState<Secret | undefined>(undefined)
  const scope = owner ? `${isQ('Level', 'project')},${isQ('ProjectID', String(owner.id))}` : isQ('Level', 'system')
  const close = () => onOpen(undefined)
  const canAct = rights.mayUpdate || rights.mayDelete
  return (
    <>
      <DataGrid
        label={words().title}
        operation={listRobots}
        call={{ query: { q: scope } }}
        columns={columnsOf(owner)}
        keyOf={(robot) => robot.id}
        nameOf={(robot) => robot.name}
        filter={{ label: words().filter, toQuery: (text) => ({ q: `${scope},${likeQ('name', text)}` }) }}
        {...(canAct ? { rowActions: (robot: Robot) => actionsOf(robot, rights, onOpen) } : {})}
        {...(rights.mayDelete ? { bulk: [bulkDelete()] } : {})}
        empty={<NoRobots mayCreate={rights.mayCreate} onPick={(purpose) => onOpen({ what: 'add', purpose })} />}
      />
      {open?.what === 'add' && (
        <RobotWizard owner={owner} purpose={open.purpose ?? 'push'} onClose={close} onMade={setSecret} />
      )}
      {open?.what === 'edit' && (
        <RobotWizard owner={owner} robot={open.robot} purpose="custom" onClose={close} onMade={setSecret} />
      )}
      {open?.what === 'refresh' && <RefreshSecret robot={open.robot} onClose={close} onMade={setSecret} />}
      {open?.what === 'end-old' && <EndOldSecret robot={open.robot} onClose={close} />}
      {open?.what === 'disable' && <DisableRobot robot={open.robot} onClose={close} />}
      {open?.what === 'delete' && <DeleteRobot robot={open.robot} onClose={close} />}
      {secret && (
        <SecretDialog
          {...secret}
          project={owner?.name ?? secret.project}
          tools={['docker', 'kubernetes', 'github', 'gitlab']}
          onClose={() => setSecret(undefined)}
        />
      )}
    </>
  )
}

function actionsOf(robot: Robot, { mayUpdate, mayDelete }: RobotRights, ask: (open: OpenRobot) => void): MenuItem[] {
  const enable = () => void switchRobot(robot, false).then(() => toast(words().nowEnabled(robot.name)))
  return [
    ...(mayUpdate
      ? ([
          { label: words().edit, icon: 'edit', run: () => ask({ what: 'edit', robot }) },
          { label: words().refresh, icon: 'key', run: () => ask({ what: 'refresh', robot }) },
          ...(robot.old_secret_until === undefined
            ? []
            : ([{ label: words().endOld, icon: 'close', run: () => ask({ what: 'end-old', robot }) }] as const)),
          robot.disable
            ? { label: words().enable, icon: 'play', run: enable }
            : { label: words().disable, icon: 'stop', run: () => ask({ what: 'disable', robot }) },
        ] satisfies MenuItem[])
      : []),
    ...(mayDelete
      ? ([
          { label: common().delete, icon: 'trash', isDanger: true, run: () => ask({ what: 'delete', robot }) },
        ] satisfies MenuItem[])
      : []),
  ]
}

const bulkDelete = (): BulkAction<Robot> => ({
  label: common().delete,
  icon: 'trash',
  isDanger: true,
  ask: (rows) => words().deleteMany(rows.length),
  run: async ({ id }) => void (await send(deleteRobot, { params: { robot_id: id } })),
  onDone: forgetRobots,
})

function NoRobots({ mayCreate, onPick }: { mayCreate: boolean; onPick(purpose: Purpose): void }) {
  const choices = purposes.filter((one) => one !== 'custom')
  return (
    <EmptyState
      icon="robot"
      title={words().emptyTitle}
      action={
        mayCreate &&
        choices.map((one) => (
          <Button key={one} tone={one === 'push' ? 'main' : 'plain'} onClick={() => onPick(one)}>
            {words().purposes[one].name}
          </Button>
        ))
      }
    >
      {words().emptyHint}
    </EmptyState>
  )
}

import { useState } from 'preact/hooks'
import type { AnswerOf } from '../../../../api/operation.ts'
import { deleteUser, listUsers, setUserSysAdmin } from '../../../../api/users.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { likeQ } from '../../lib/q.ts'
import { forget } from '../../lib/query.ts'
import { canInSystem, systemInfo, user, vouchedBy } from '../../lib/session.ts'
import { attempt } from '../../ui/attempt.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { textColumn, timeColumn } from '../../ui/columns.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { DeleteDialog } from '../../ui/delete-dialog.tsx'
import { CheckField } from '../../ui/form.tsx'
import type { Column } from '../../ui/grid.tsx'
import { ListPage, type OpenDialog } from '../../ui/list-page.tsx'
import { deleteItem, editItem } from '../../ui/menu-items.ts'
import { later } from '../../ui/later.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { toast } from '../../ui/toasts.tsx'
import { EditUser, NewUser, SetPassword } from './dialogs.tsx'
import { UserTokens } from './user-tokens.tsx'
import { words } from './words.ts'

type User = AnswerOf<typeof listUsers>[number]
const ImportPeople = later(async () => (await import('./import-people.tsx')).ImportPeople)

/** The accounts of people. In most modes they are made elsewhere: at their first sign-in. */
export default function Users() {
  const mode = systemInfo.value?.auth_mode ?? 'db_auth'
  const mayCreate = canInSystem('user', 'create')
  return (
    <ListPage
      title={words().title}
      about={words().about}
      {...(mayCreate && mode === 'ldap_auth' && { buttons: importButton })}
      create={{
        label: words().create,
        may: mayCreate,
        disabledBecause: mode === 'db_auth' ? undefined : words().madeElsewhere,
        dialog: (onClose) => <NewUser onClose={onClose} />,
      }}
      operation={listUsers}
      columns={columnsOf}
      keyOf={(one) => one.user_id}
      nameOf={(one) => one.username}
      filter={{ label: words().filter, toQuery: (text) => ({ q: likeQ('username', text) }) }}
      defaultSort="username"
      rowActions={actionsOf}
      {...(canInSystem('user', 'delete') && { bulk: [bulkDelete()] })}
      none={{ icon: 'users', title: words().none }}
    />
  )
}

const importButton = (open: OpenDialog) => (
  <Button icon="download" onClick={() => open((onClose) => <ImportPeople onClose={onClose} />)}>
    {words().import}
  </Button>
)

/** Unless it is asked for here, the server's setting says whether the name is masked in the audit log. */
const remove = async ({ user_id: id }: User, masks = false): Promise<void> =>
  void (await send(deleteUser, { params: { user_id: id }, query: masks ? { mask_audit_log: true } : {} }))

const bulkDelete = () => ({
  label: common().delete,
  icon: 'trash' as const,
  isDanger: true,
  ask: (rows: User[]) => words().deleteMany(rows.length),
  run: (who: User) => remove(who),
  onDone: () => forget('/users'),
})

function DeleteUser({ who, onClose }: { who: User; onClose(): void }) {
  const [masks, setMasks] = useState(false)
  return (
    <DeleteDialog
      title={words().deleteTitle(who.username)}
      hint={words().deleteHint}
      typed={who.username}
      run={() => remove(who, masks)}
      forgets={['/users', '/system/audit-masking']}
      gone={words().gone(who.username)}
      onClose={onClose}
    >
      <div class="below">
        <CheckField name="mask" label={words().mask} hint={words().maskHint} onPick={setMasks} />
      </div>
    </DeleteDialog>
  )
}

async function setAdmin({ user_id: id, username: name }: User, isAdmin: boolean): Promise<void> {
  await send(setUserSysAdmin, { params: { user_id: id }, body: { sysadmin_flag: isAdmin } })
  forget('/users')
  toast(isAdmin ? words().madeAdmin(name) : words().endedAdmin(name))
}

function Promote({ who, onClose }: { who: User; onClose(): void }) {
  return (
    <Confirm
      title={words().makeTitle(who.username)}
      action={words().makeAdmin}
      onClose={onClose}
      run={() => setAdmin(who, true)}
    >
      <p>{words().makeHint}</p>
    </Confirm>
  )
}

function actionsOf(who: User, open: OpenDialog): MenuItem[] {
  const isSelf = who.user_id === user.value?.user_id
  const mayNot = canInSystem('user', 'update') ? undefined : words().mayNot
  const mayNotHere = mayNot ?? (isSelf ? words().notYourself : undefined)
  const isElsewhere = vouchedBy(who) === undefined ? undefined : words().keptElsewhere
  return [
    editItem(() => open((onClose) => <EditUser who={who} onClose={onClose} />), mayNot ?? isElsewhere),
    {
      label: words().setPassword,
      icon: 'key',
      disabledBecause: mayNotHere ?? isElsewhere,
      run: () => open((onClose) => <SetPassword who={who} onClose={onClose} />),
    },
    {
      label: words().tokens,
      icon: 'lock',
      disabledBecause: canInSystem('user', 'read') ? undefined : words().mayNot,
      run: () => open((onClose) => <UserTokens who={who} onClose={onClose} />),
    },
    who.sysadmin_flag
      ? {
          label: words().endAdmin,
          icon: 'shield',
          disabledBecause: mayNotHere,
          run: () => attempt(() => setAdmin(who, false)),
        }
      : {
          label: words().makeAdmin,
          icon: 'shield',
          disabledBecause: mayNot,
          run: () => open((onClose) => <Promote who={who} onClose={onClose} />),
        },
    deleteItem(
      () => open((onClose) => <DeleteUser who={who} onClose={onClose} />),
      canInSystem('user', 'delete') ? (isSelf ? words().notYourself : undefined) : words().mayNot,
    ),
  ]
}

function columnsOf(): Column<User>[] {
  return [
    {
      name: 'name',
      title: words().name,
      sort: 'username',
      cell: (one) => (
        <span class="row">
          <span class="name">{one.username}</span>
          {one.user_id === user.value?.user_id && <Badge>{words().you}</Badge>}
          {(one.sysadmin_flag || one.admin_role_in_auth) && <Badge tone="info">{words().adminMark}</Badge>}
        </span>
      ),
    },
    textColumn('real', words().realName, (one) => one.realname, { hideBelow: 'small' }),
    textColumn('email', words().email, (one) => one.email, { hideBelow: 'small' }),
    textColumn('comment', words().comment, (one) => one.comment, { hideBelow: 'medium' }),
    timeColumn('created', words().created, (one) => one.creation_time, { sort: 'creation_time', hideBelow: 'small' }),
  ]
}

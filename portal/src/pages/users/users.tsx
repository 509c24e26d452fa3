import { useState } from 'preact/hooks'
import type { AnswerOf } from '../../../../api/operation.ts'
import { deleteUser, listUsers, setUserSysAdmin } from '../../../../api/users.ts'
import { send } from '../../lib/api.ts'
import { likeQ } from '../../lib/q.ts'
import { forget } from '../../lib/query.ts'
import { canInSystem, systemInfo, user, vouchedBy } from '../../lib/session.ts'
import { attempt } from '../../ui/attempt.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { later } from '../../ui/later.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { EditUser, NewUser, SetPassword } from './dialogs.tsx'
import { UserTokens } from './user-tokens.tsx'
import { words } from './words.ts'

type User = AnswerOf<typeof listUsers>[number]
type Asked =
  | { what: 'edit' | 'password' | 'tokens' | 'delete' | 'promote'; who: User }
  | { what: 'add' | 'import' }
  | undefined

const ImportPeople = later(async () => (await import('./import-people.tsx')).ImportPeople)

/** The accounts of people. */
export default function Users() {
  const [asked, setAsked] = useState<Asked>(undefined)
  const close = () => setAsked(undefined)
  const add = canInSystem('user', 'create') && <AddButtons onOpen={setAsked} />
  return (
    <>
      <PageHeader title={words().title} about={words().about} actions={add} />
      <DataGrid
        label={words().title}
        operation={listUsers}
        columns={columnsOf()}
        keyOf={(one) => one.user_id}
        nameOf={(one) => one.username}
        filter={{ label: words().filter, toQuery: (text) => ({ q: likeQ('username', text) }) }}
        defaultSort="username"
        rowActions={(one) => actionsOf(one, setAsked)}
        {...(canInSystem('user', 'delete') && { bulk: [bulkDelete()] })}
        empty={<EmptyState icon="users" title={words().none} />}
      />
      {asked?.what === 'add' && <NewUser onClose={close} />}
      {asked?.what === 'import' && <ImportPeople onClose={close} />}
      {asked?.what === 'edit' && <EditUser who={asked.who} onClose={close} />}
      {asked?.what === 'password' && <SetPassword who={asked.who} onClose={close} />}
      {asked?.what === 'tokens' && <UserTokens who={asked.who} onClose={close} />}
      {asked?.what === 'delete' && <DeleteUser who={asked.who} onClose={close} />}
      {asked?.what === 'promote' && <Promote who={asked.who} onClose={close} />}
    </>
  )
}

/** In most modes the accounts of people are made elsewhere: at their first sign-in. */
function AddButtons({ onOpen }: { onOpen(asked: Asked): void }) {
  const mode = systemInfo.value?.auth_mode ?? 'db_auth'
  return (
    <>
      {mode === 'ldap_auth' && (
        <Button icon="download" onClick={() => onOpen({ what: 'import' })}>
          {words().import}
        </Button>
      )}
      <Button
        tone="main"
        icon="add"
        disabledBecause={mode === 'db_auth' ? undefined : words().madeElsewhere}
        onClick={() => onOpen({ what: 'add' })}
      >
        {words().create}
      </Button>
    </>
  )
}

const remove = async ({ user_id: id }: User): Promise<void> =>
  void (await send(deleteUser, { params: { user_id: id } }))

const bulkDelete = () => ({
  label: words().delete,
  icon: 'trash' as const,
  isDanger: true,
  ask: (rows: User[]) => words().deleteMany(rows.length),
  run: remove,
  onDone: () => forget('/users'),
})

function DeleteUser({ who, onClose }: { who: User; onClose(): void }) {
  return (
    <Confirm
      title={words().deleteTitle(who.username)}
      action={words().delete}
      typed={who.username}
      onClose={onClose}
      run={async () => {
        await remove(who)
        forget('/users')
        toast(words().gone(who.username))
      }}
    >
      <p>{words().deleteHint}</p>
    </Confirm>
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

function actionsOf(who: User, ask: (asked: Asked) => void): MenuItem[] {
  const isSelf = who.user_id === user.value?.user_id
  const mayNot = canInSystem('user', 'update') ? undefined : words().mayNot
  const mayNotHere = mayNot ?? (isSelf ? words().notYourself : undefined)
  const isElsewhere = vouchedBy(who) === undefined ? undefined : words().keptElsewhere
  return [
    {
      label: words().edit,
      icon: 'edit',
      disabledBecause: mayNot ?? isElsewhere,
      run: () => ask({ what: 'edit', who }),
    },
    {
      label: words().setPassword,
      icon: 'key',
      disabledBecause: mayNotHere ?? isElsewhere,
      run: () => ask({ what: 'password', who }),
    },
    {
      label: words().tokens,
      icon: 'lock',
      disabledBecause: canInSystem('user', 'read') ? undefined : words().mayNot,
      run: () => ask({ what: 'tokens', who }),
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
          run: () => ask({ what: 'promote', who }),
        },
    {
      label: words().delete,
      icon: 'trash',
      isDanger: true,
      disabledBecause: canInSystem('user', 'delete') ? (isSelf ? words().notYourself : undefined) : words().mayNot,
      run: () => ask({ what: 'delete', who }),
    },
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
    {
      name: 'real',
      title: words().realName,
      hideBelow: 'small',
      cell: ({ realname }) => <span class="wrap-text">{realname || '–'}</span>,
    },
    {
      name: 'email',
      title: words().email,
      hideBelow: 'small',
      cell: ({ email }) => <span class="wrap-text">{email || '–'}</span>,
    },
    {
      name: 'comment',
      title: words().comment,
      hideBelow: 'medium',
      cell: ({ comment }) => <span class="wrap-text">{comment || '–'}</span>,
    },
    {
      name: 'created',
      title: words().created,
      sort: 'creation_time',
      hideBelow: 'small',
      cell: (one) => <TimeAgo at={one.creation_time} />,
    },
  ]
}

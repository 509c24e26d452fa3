import type { AnswerOf } from '../../../../api/operation.ts'
import {
  createUser,
  setUserSysAdmin,
  updateUserPassword,
  updateUserProfile,
  searchUsers,
  type listUsers,
} from '../../../../api/users.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { CheckField, TextField } from '../../ui/form.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { checkNewPassword, NewPasswordFields } from '../../ui/new-password.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

type User = AnswerOf<typeof listUsers>[number]

function ProfileFields({ who }: { who?: User }) {
  return (
    <>
      <TextField name="realname" label={words().realName} value={who?.realname ?? ''} maxLength={255} isRequired />
      <TextField
        name="email"
        type="email"
        label={words().email}
        value={who?.email ?? ''}
        maxLength={255}
        isRequired={who === undefined}
      />
      <TextField name="comment" label={words().comment} value={who?.comment ?? ''} maxLength={255} />
    </>
  )
}

/** Asks for a new account, and makes it. */
export function NewUser({ onClose }: { onClose(): void }) {
  return (
    <FormDialog
      title={words().create}
      action={common().create}
      onClose={onClose}
      check={checkNewPassword}
      fieldOf={({ status }) => (status === 409 ? 'username' : undefined)}
      submit={async ({ username = '', password = '', realname = '', email = '', comment = '', admin }) => {
        const name = username.trim()
        await send(createUser, { body: { username: name, password, realname, email, comment } })
        if (admin === 'on') await makeAdmin(name)
        forget('/users')
        toast(words().made(name))
      }}
    >
      <TextField
        name="username"
        label={words().name}
        hint={words().nameHint}
        maxLength={255}
        autocomplete="off"
        isRequired
        autofocus
      />
      <ProfileFields />
      <NewPasswordFields />
      {canInSystem('user', 'update') && <CheckField name="admin" label={words().admin} hint={words().makeHint} />}
    </FormDialog>
  )
}

/** The answer to a new account does not hold its id. */
async function makeAdmin(name: string): Promise<void> {
  const { body } = await send(searchUsers, { query: { username: name, page_size: 100 } })
  const found = body.find((one) => one.username === name)
  if (found) await send(setUserSysAdmin, { params: { user_id: found.user_id }, body: { sysadmin_flag: true } })
}

/** Changes what an account says of its owner. */
export function EditUser({ who, onClose }: { who: User; onClose(): void }) {
  return (
    <FormDialog
      title={words().editTitle(who.username)}
      action={common().save}
      onClose={onClose}
      submit={async ({ realname = '', email = '', comment = '' }) => {
        await send(updateUserProfile, { params: { user_id: who.user_id }, body: { realname, email, comment } })
        forget('/users')
        toast(words().saved(who.username))
      }}
    >
      <ProfileFields who={who} />
    </FormDialog>
  )
}

/** Gives an account a new password. */
export function SetPassword({ who, onClose }: { who: User; onClose(): void }) {
  return (
    <FormDialog
      title={words().setPasswordTitle(who.username)}
      action={words().setPassword}
      onClose={onClose}
      check={checkNewPassword}
      fieldOf={({ status }) => (status === 400 ? 'password' : undefined)}
      submit={async ({ password = '' }) => {
        await send(updateUserPassword, { params: { user_id: who.user_id }, body: { new_password: password } })
        toast(words().passwordSet(who.username))
      }}
    >
      <p>{words().setPasswordHint}</p>
      <NewPasswordFields />
    </FormDialog>
  )
}

import { updateUserProfile } from '../../../../api/users.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { begin, changeOwnPassword, isAdministrator, registryHost, user, vouchedBy } from '../../lib/session.ts'
import { CodeView } from '../../ui/code.tsx'
import { Figures } from '../../ui/figures.tsx'
import { Form, TextField } from '../../ui/form.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { checkNewPassword, NewPasswordFields } from '../../ui/new-password.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { CliSecret } from './cli-secret.tsx'
import { Sessions } from './sessions.tsx'
import { Tokens } from './tokens.tsx'
import { words } from './words.ts'

/** One's own account. */
export default function Profile() {
  const self = user.value
  if (!self) return null
  const outside = vouchedBy(self)
  return (
    <>
      <PageHeader title={words().title} about={words().about} />
      <Figures
        figures={[
          { label: words().name, value: self.username },
          { label: words().role, value: isAdministrator.value ? words().admin : words().person },
          { label: words().kind, value: words().kinds[outside ?? ''] ?? words().ofMarina },
          { label: words().since, value: <TimeAgo at={self.creation_time} /> },
        ]}
      />
      <div class="cards profile-cards">
        <section class="card">
          <h2>{words().profile}</h2>
          {outside === undefined ? <ProfileForm /> : <OutsideProfile />}
        </section>
        {self.oidc_user_meta && (
          <section class="card">
            <h2>{words().cliSecret}</h2>
            <CliSecret self={self} />
          </section>
        )}
        {outside === undefined && (
          <section class="card">
            <h2>{words().password}</h2>
            <PasswordForm userId={self.user_id} />
          </section>
        )}
        <section class="card">
          <h2>{words().login}</h2>
          <p class="tab-about">{words().loginHint}</p>
          <CodeView text={`docker login ${registryHost.value} --username ${self.username}`} label={words().login} />
        </section>
      </div>
      <Tokens />
      <Sessions />
    </>
  )
}

function ProfileForm() {
  const { user_id: id, realname, email, comment } = user.value!
  return (
    <Form
      action={common().save}
      submit={async (values) => {
        const body = {
          realname: values['realname'] ?? '',
          email: values['email'] ?? '',
          comment: values['comment'] ?? '',
        }
        await send(updateUserProfile, { params: { user_id: id }, body })
        await begin()
        toast(words().saved)
      }}
    >
      <TextField name="realname" label={words().realName} value={realname} maxLength={255} isRequired />
      <TextField name="email" type="email" label={words().email} value={email} maxLength={255} />
      <TextField name="comment" label={words().comment} value={comment} maxLength={255} />
    </Form>
  )
}

/** What another system says of its person: it can be changed there alone. */
function OutsideProfile() {
  const { realname, email } = user.value!
  return (
    <>
      <dl class="facts">
        <dt>{words().realName}</dt>
        <dd>{realname || '–'}</dd>
        <dt>{words().email}</dt>
        <dd>{email || '–'}</dd>
      </dl>
      <p class="quiet-text">{words().outsideHint}</p>
    </>
  )
}

function PasswordForm({ userId }: { userId: number }) {
  return (
    <Form
      action={words().change}
      check={checkNewPassword}
      fieldOf={({ status }) => (status === 403 ? 'old' : status === 400 ? 'password' : undefined)}
      submit={async ({ old = '', password = '' }) => {
        await changeOwnPassword(userId, old, password)
        toast(words().changed)
      }}
    >
      <TextField name="old" type="password" label={words().old} autocomplete="current-password" isRequired />
      <NewPasswordFields isNext />
    </Form>
  )
}

import { changeOwnPassword, user } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { Form } from '../../ui/form.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { checkNewPassword, NewPasswordFields } from '../../ui/new-password.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

type ChooseProps = {
  /** The password by which the caller has just signed in. */
  present: string
  onLater(): void
}

/** After the first sign-in: Marina made the password and printed it, so that its owner chooses another one. */
export function ChoosePassword({ present, onLater }: ChooseProps) {
  return (
    <>
      <PageHeader title={words().choose} about={words().chooseHint} />
      <Form
        action={words().change}
        check={checkNewPassword}
        fieldOf={({ status }) => (status === 400 ? 'password' : undefined)}
        submit={async ({ password = '' }) => {
          await changeOwnPassword(user.value!.user_id, present, password)
          toast(words().changed)
        }}
      >
        <NewPasswordFields isNext autofocus />
      </Form>
      <Button tone="quiet" onClick={onLater}>
        {words().later}
      </Button>
      <p class="quiet-text">{words().laterHint}</p>
    </>
  )
}

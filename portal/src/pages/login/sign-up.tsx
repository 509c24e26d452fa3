import { useEffect } from 'preact/hooks'
import { createUser } from '../../../../api/users.ts'
import { ApiError, send } from '../../lib/api.ts'
import { navigate, query } from '../../lib/location.ts'
import { registryHost, signIn, systemInfo, user } from '../../lib/session.ts'
import { Form, TextField, type FieldErrors, type Values } from '../../ui/form.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Link } from '../../ui/link.tsx'
import { checkNewPassword, NewPasswordFields } from '../../ui/new-password.tsx'
import { toast } from '../../ui/toasts.tsx'
import { Frame, nameProblem, safeNext } from './frame.tsx'
import { words } from './words.ts'

/** Makes an account for somebody who has none, where the server lets people do so. */
export default function SignUp() {
  const next = safeNext(query.value.get('next'))
  const isSignedIn = user.value !== undefined
  useEffect(() => {
    if (isSignedIn) navigate(next, { replace: true })
  }, [isSignedIn])
  const isOn = systemInfo.value?.self_registration === true
  return (
    <Frame>
      <PageHeader title={words().signUpTitle} about={isOn ? <code>{registryHost.value}</code> : words().signUpOff} />
      {isOn && <SignUpForm />}
      <p>
        {isOn && words().known} <Link to={`/login${location.search}`}>{words().signIn}</Link>
      </p>
    </Frame>
  )
}

function SignUpForm() {
  const submit = async ({ username = '', email = '', password = '' }: Values) => {
    const name = username.trim()
    try {
      await send(createUser, { body: { username: name, password, ...(email.trim() && { email: email.trim() }) } })
    } catch (error) {
      throw error instanceof ApiError ? inWords(error) : error
    }
    await signIn(name, password)
    toast(words().welcome(name))
  }
  return (
    <Form action={words().signUp} check={check} fieldOf={fieldOf} submit={submit}>
      <TextField
        name="username"
        label={words().name}
        hint={words().nameHint}
        maxLength={255}
        autocomplete="username"
        isRequired
        autofocus
      />
      <TextField name="email" type="email" label={words().email} maxLength={255} autocomplete="email" />
      <NewPasswordFields />
    </Form>
  )
}

function check(values: Values): FieldErrors {
  const problem = nameProblem(values['username'] ?? '')
  return { ...checkNewPassword(values), ...(problem === undefined ? {} : { username: problem }) }
}

/** The server says in its own words which field it means. */
function fieldOf({ status, message }: ApiError): string | undefined {
  if (status === 409) return 'username'
  if (status !== 400) return undefined
  return message.startsWith('email') ? 'email' : message.startsWith('a password') ? 'password' : 'username'
}

function inWords(error: ApiError): ApiError {
  const { status, code, message, requestId } = error
  const texts: Record<number, string> = {
    401: words().signUpOff,
    409: words().nameTaken,
    429: words().tooManyAccounts,
  }
  return new ApiError(status, code, texts[status] ?? message, requestId)
}

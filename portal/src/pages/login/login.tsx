import { useEffect, useRef, useState } from 'preact/hooks'
import { ApiError } from '../../lib/api.ts'
import { navigate, query } from '../../lib/location.ts'
import { registryHost, signIn, systemInfo, user } from '../../lib/session.ts'
import { CodeView } from '../../ui/code.tsx'
import { Form, TextField, type Values } from '../../ui/form.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Link } from '../../ui/link.tsx'
import { ByProvider } from './by-provider.tsx'
import { ChoosePassword } from './choose-password.tsx'
import { Frame, safeNext } from './frame.tsx'
import { words } from './words.ts'

/** Signs in with name and password, then goes on to the page that asked for it. */
export default function Login() {
  const next = safeNext(query.value.get('next'))
  const typed = useRef('')
  const [isLater, setLater] = useState(false)
  const { auth_mode: mode, self_registration: isOpen, oidc_provider_name: provider = '' } = systemInfo.value ?? {}
  const isToChoose = user.value?.has_generated_password === true && typed.current !== '' && !isLater
  const isDone = user.value !== undefined && !isToChoose
  useEffect(() => {
    if (isDone) navigate(next, { replace: true })
  }, [isDone])
  if (isToChoose)
    return (
      <Frame>
        <ChoosePassword present={typed.current} onLater={() => setLater(true)} />
      </Frame>
    )
  const onTyped = (password: string) => (typed.current = password)
  return (
    <Frame>
      <PageHeader title={words().title} about={<code>{registryHost.value}</code>} />
      {mode === 'oidc_auth' ? (
        <ByProvider name={provider} next={next}>
          <SignInForm onTyped={onTyped} />
        </ByProvider>
      ) : (
        <SignInForm onTyped={onTyped} hint={words().byMode[mode ?? ''] ?? ''} autofocus />
      )}
      {isOpen && (mode === undefined || mode === 'db_auth') && (
        <p>
          {words().newHere} <Link to={`/sign-up${location.search}`}>{words().signUp}</Link>
        </p>
      )}
      <p>
        <Link to="/projects">{words().anonymous}</Link>
      </p>
      <details>
        <summary>{words().first}</summary>
        <p>{words().firstHint}</p>
        <CodeView text="./marina.mjs admin reset-password" label={words().first} />
      </details>
    </Frame>
  )
}

type FormProps = {
  onTyped(password: string): void
  /** Whose name and password belong here. */
  hint?: string
  autofocus?: boolean
}

function SignInForm({ onTyped, hint = '', autofocus = false }: FormProps) {
  const submit = async ({ name = '', password = '' }: Values) => {
    onTyped(password)
    try {
      await signIn(name, password)
    } catch (error) {
      throw error instanceof ApiError ? inWords(error) : error
    }
  }
  return (
    <Form submit={submit} fieldOf={(error) => (error.status === 401 ? 'password' : undefined)} action={words().signIn}>
      <TextField
        name="name"
        label={words().name}
        {...(hint !== '' && { hint })}
        autocomplete="username"
        autofocus={autofocus}
      />
      <TextField name="password" label={words().password} type="password" autocomplete="current-password" />
    </Form>
  )
}

function inWords(error: ApiError): ApiError {
  const text = error.status === 401 ? words().wrong : error.status === 429 ? words().tooMany : error.message
  return new ApiError(error.status, error.code, text, error.requestId)
}

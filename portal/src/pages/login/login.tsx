import { useEffect } from 'preact/hooks'
import { ApiError } from '../../lib/api.ts'
import { iconHref, navigate, query } from '../../lib/location.ts'
import { registryHost, signIn, user } from '../../lib/session.ts'
import { CodeView } from '../../ui/code.tsx'
import { Form, TextField, type Values } from '../../ui/form.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Link } from '../../ui/link.tsx'
import { words } from './words.ts'

/** Signs in with name and password, then goes on to the page that asked for it. */
export default function Login() {
  const next = safeNext(query.value.get('next'))
  const isSignedIn = user.value !== undefined
  useEffect(() => {
    if (isSignedIn) navigate(next, { replace: true })
  }, [isSignedIn])
  return (
    <div class="login">
      <img src={iconHref()} alt="" width={40} height={40} />
      <PageHeader title={words().title} about={<code>{registryHost.value}</code>} />
      <SignInForm />
      <p>
        <Link to="/projects">{words().anonymous}</Link>
      </p>
      <details>
        <summary>{words().first}</summary>
        <p>{words().firstHint}</p>
        <CodeView text="./marina.mjs admin reset-password" label={words().first} />
      </details>
    </div>
  )
}

function SignInForm() {
  const submit = async (values: Values) => {
    try {
      await signIn(values['name'] ?? '', values['password'] ?? '')
    } catch (error) {
      throw error instanceof ApiError ? inWords(error) : error
    }
  }
  return (
    <Form submit={submit} fieldOf={(error) => (error.status === 401 ? 'password' : undefined)} action={words().signIn}>
      <TextField name="name" label={words().name} autocomplete="username" autofocus />
      <TextField name="password" label={words().password} type="password" autocomplete="current-password" />
    </Form>
  )
}

function inWords(error: ApiError): ApiError {
  const text = error.status === 401 ? words().wrong : error.status === 429 ? words().tooMany : error.message
  return new ApiError(error.status, error.code, text, error.requestId)
}

/** A place inside the portal; never another site. */
function safeNext(next: string | null): string {
  return next !== null && /^\/(?![/\\])/.test(next) && !next.startsWith('/login') ? next : '/'
}

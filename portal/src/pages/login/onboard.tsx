import { useEffect } from 'preact/hooks'
import { ApiError, postOnboard } from '../../lib/api.ts'
import { base, navigate, query } from '../../lib/location.ts'
import { begin, user } from '../../lib/session.ts'
import { Form, TextField, type FieldErrors, type Values } from '../../ui/form.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Link } from '../../ui/link.tsx'
import { Frame, nameProblem, safeNext } from './frame.tsx'
import { words } from './words.ts'

/** Where somebody chooses a name who signed in at a provider for the first time. */
export default function Onboard() {
  const next = safeNext(placeOf(query.value.get('redirect_url') ?? '/'))
  const isSignedIn = user.value !== undefined
  useEffect(() => {
    if (isSignedIn) navigate(next, { replace: true })
  }, [isSignedIn])
  return (
    <Frame>
      <PageHeader title={words().onboard} about={words().onboardHint} />
      <Form
        action={words().onboardAction}
        check={check}
        fieldOf={({ status, message }) => (status === 409 || /username/.test(message) ? 'username' : undefined)}
        submit={async ({ username = '' }) => {
          try {
            await postOnboard(username.trim())
          } catch (error) {
            throw error instanceof ApiError ? inWords(error) : error
          }
          await begin()
        }}
      >
        <TextField
          name="username"
          label={words().name}
          value={query.value.get('username') ?? ''}
          maxLength={255}
          autocomplete="username"
          isRequired
          autofocus
        />
      </Form>
      <p>
        <Link to="/login">{words().signIn}</Link>
      </p>
    </Frame>
  )
}

/** The provider's way back leads to a whole path; places in the portal stand below its base. */
const placeOf = (path: string): string => (path.startsWith(base) ? `/${path.slice(base.length)}` : path)

function check({ username = '' }: Values): FieldErrors {
  const problem = nameProblem(username)
  return problem === undefined ? {} : { username: problem }
}

function inWords({ status, code, message, requestId }: ApiError): ApiError {
  const text = status === 409 ? words().nameTaken : status === 401 || status === 403 ? words().onboardLate : message
  return new ApiError(status, code, text, requestId)
}

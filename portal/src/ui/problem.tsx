import { common } from '../i18n/common.ts'
import type { ApiError } from '../lib/api.ts'
import { place } from '../lib/location.ts'
import { user } from '../lib/session.ts'
import { Button } from './button.tsx'
import { CopyButton } from './copy.tsx'
import { Icon } from './icon.tsx'
import { Link } from './link.tsx'

/** An error inside a form or a dialog: what the server says, and the number of the request. */
export function Problem({ error }: { error: ApiError }) {
  return (
    <div class="note bad" role="alert">
      <Icon name="alert" />
      <div>
        <p>{error.status === 0 ? common().errors.unreachable : capital(error.message)}</p>
        <RequestId error={error} />
      </div>
    </div>
  )
}

type ErrorStateProps = {
  error: ApiError
  onRetry?: () => void
  /** It stands for the whole page, so that its heading is that of the page. */
  isPage?: boolean
}

/** In place of what could not be loaded: what to do now, and the number of the request. */
export function ErrorState({ error, onRetry, isPage = false }: ErrorStateProps) {
  const { title, hint } = explain(error)
  const isSignedOut = error.status === 401 || (error.status === 403 && user.value === undefined)
  return (
    <div class="state" role="alert">
      <Icon name="alert" size={28} />
      {isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
      <p>{hint}</p>
      {(error.status === 403 || error.status >= 500) && <p class="quiet-text">{capital(error.message)}</p>}
      <RequestId error={error} />
      <div class="row">
        {isSignedOut && (
          <Link class="button main" to={`/login?next=${encodeURIComponent(place.value)}`}>
            {common().signIn}
          </Link>
        )}
        {onRetry && <Button icon="refresh" onClick={onRetry} children={common().retry} />}
      </div>
    </div>
  )
}

function RequestId({ error: { requestId } }: { error: ApiError }) {
  if (requestId === undefined) return null
  return (
    <p class="request-id">
      {common().requestId} <code>{requestId}</code> <CopyButton text={requestId} />
    </p>
  )
}

function explain({ status, message }: ApiError): { title: string; hint: string } {
  const { errors } = common()
  if (status === 0) return { title: errors.unreachable, hint: errors.unreachableHint }
  if (status === 401) return { title: errors.signIn, hint: errors.signInHint }
  if (status === 403) return { title: errors.forbidden, hint: errors.forbiddenHint }
  if (status === 404) return { title: errors.notFound, hint: errors.notFoundHint }
  if (status >= 500) return { title: errors.title, hint: errors.serverHint }
  return { title: errors.title, hint: capital(message) }
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

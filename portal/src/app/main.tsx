import { render } from 'preact'
import { useAction } from '../lib/action.ts'
import { useEffect } from 'preact/hooks'
import { followLinks } from '../lib/location.ts'
import { followSession } from '../lib/live.ts'
import { refreshOnFocus } from '../lib/query.ts'
import { begin, isKnown } from '../lib/session.ts'
import { ErrorState } from '../ui/problem.tsx'
import { ErrorBoundary } from './boundary.tsx'
import { Shell } from './shell.tsx'
import '../lib/theme.ts'

/** Nothing is shown before the server has said who is calling: no page flickers from one state to the other. */
function App() {
  const start = useAction(begin)
  useEffect(() => void start.run(), [])
  if (isKnown.value) return <Shell />
  return start.error ? <ErrorState isPage error={start.error} onRetry={() => void start.run()} /> : null
}

followLinks()
refreshOnFocus()
followSession()
render(
  <ErrorBoundary>
    <App />
  </ErrorBoundary>,
  document.getElementById('app')!,
)

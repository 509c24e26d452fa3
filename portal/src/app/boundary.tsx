import { Component, type ComponentChildren } from 'preact'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icon.tsx'
import { words } from './words.ts'

type Props = { children: ComponentChildren }

/** Shows a fault of a page in its place; the shell around it goes on. */
export class ErrorBoundary extends Component<Props, { error: unknown }> {
  override state = { error: undefined as unknown }

  override componentDidCatch(error: unknown): void {
    // Into the browser's console, so that a bug report can quote it.
    reportError(error)
    this.setState({ error })
  }

  override render() {
    const { error } = this.state
    return error === undefined ? this.props.children : <Fault error={error} />
  }
}

/** A chunk that is gone means that the server has a newer build than this window. */
export function Fault({ error }: { error: unknown }) {
  const isOutdated = error instanceof TypeError && /import|module/i.test(error.message)
  return (
    <div class="state" role="alert">
      <Icon name={isOutdated ? 'refresh' : 'alert'} size={28} />
      <h2>{isOutdated ? words().outdated : words().crashed}</h2>
      <p>{isOutdated ? words().outdatedHint : words().crashedHint}</p>
      {!isOutdated && <code>{String(error)}</code>}
      <div class="row">
        <Button tone="main" icon="refresh" onClick={() => location.reload()}>
          {words().reload}
        </Button>
      </div>
    </div>
  )
}

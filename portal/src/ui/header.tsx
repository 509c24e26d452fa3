import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { Link } from './link.tsx'

type HeaderProps = {
  title: string
  /** The way down to this page, without the page itself. */
  path?: { to: string; label: string }[]
  /** A line below the title. */
  about?: ComponentChildren
  /** Buttons; the main one last. */
  actions?: ComponentChildren
  /** Beside the title: badges. */
  marks?: ComponentChildren
}

/** The head of a page: breadcrumbs, its one h1, and what one can do here. Also the title of the window. */
export function PageHeader({ title, path = [], about, actions, marks }: HeaderProps) {
  useEffect(() => {
    document.title = `${title} · Marina`
  }, [title])
  return (
    <header class="page-head">
      {path.length > 0 && (
        <nav class="crumbs" aria-label="breadcrumbs">
          <ol>
            {path.map(({ to, label }) => (
              <li key={to}>
                <Link to={to}>{label}</Link>
              </li>
            ))}
          </ol>
        </nav>
      )}
      <div class="page-title">
        <h1>{title}</h1>
        {marks}
        {actions && <div class="page-actions">{actions}</div>}
      </div>
      {about && <div class="page-about">{about}</div>}
    </header>
  )
}

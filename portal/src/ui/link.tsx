import type { ComponentChildren } from 'preact'
import { hrefOf } from '../lib/location.ts'

type LinkProps = {
  /** A place inside the portal, such as `/projects?q=team`. */
  to: string
  class?: string
  /** Marks the link that leads to what is shown. */
  current?: boolean
  label?: string
  title?: string
  children: ComponentChildren
}

/** A link to a place inside the portal: the page changes without a load. */
export function Link({ to, class: name, current = false, label, title, children }: LinkProps) {
  return (
    <a href={hrefOf(to)} class={name} title={title} aria-label={label} aria-current={current ? 'page' : undefined}>
      {children}
    </a>
  )
}

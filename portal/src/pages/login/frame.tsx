import type { ComponentChildren } from 'preact'
import { iconHref } from '../../lib/location.ts'
import { words } from './words.ts'

/** The card on which callers who are not signed in yet find what they need. */
export function Frame({ children }: { children: ComponentChildren }) {
  return (
    <div class="login">
      <img src={iconHref()} alt="" width={40} height={40} />
      {children}
    </div>
  )
}

/** A place inside the portal; never another site. */
export function safeNext(next: string | null): string {
  return next !== null && /^\/(?![/\\])/.test(next) && !/^\/(login|sign-up|oidc-onboard)/.test(next) ? next : '/'
}

/** Why no account can have this name, by the server's rule. */
export const nameProblem = (name: string): string | undefined => (/[,"~#$%:]/.test(name) ? words().nameBad : undefined)

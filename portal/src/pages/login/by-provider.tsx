import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { hrefOf, query } from '../../lib/location.ts'
import { systemInfo, user } from '../../lib/session.ts'
import { words } from './words.ts'

type ProviderProps = {
  /** What administrators called the provider. */
  name: string
  /** The place in the portal to come back to. */
  next: string
  /** The form for accounts of this Marina. */
  children: ComponentChildren
}

/** A button that leads to the provider, and below it the way for accounts of this Marina. */
export function ByProvider({ name, next, children }: ProviderProps) {
  const target = hrefOf(`/c/oidc/login?redirect_url=${encodeURIComponent(hrefOf(next))}`)
  const isLocal = query.value.has('local')
  const goesAtOnce = systemInfo.value?.primary_auth_mode === true && !isLocal && user.value === undefined
  useEffect(() => {
    if (goesAtOnce) location.replace(target)
  }, [goesAtOnce])
  return (
    <>
      <a class="button main" href={target}>
        {words().byProvider(name)}
      </a>
      <details open={isLocal}>
        <summary>{words().byPassword}</summary>
        <p>{words().byPasswordHint}</p>
        {children}
      </details>
    </>
  )
}

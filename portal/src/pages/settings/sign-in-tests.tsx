import type { ComponentChildren } from 'preact'
import { pingLdap } from '../../../../api/ldap.ts'
import { pingOIDC } from '../../../../api/oidc.ts'
import { useAction } from '../../lib/action.ts'
import { ApiError, send } from '../../lib/api.ts'
import { Button } from '../../ui/button.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Problem } from '../../ui/problem.tsx'
import { useState } from 'preact/hooks'
import type { Draft } from './use-items.ts'
import { words } from './words.ts'

const textOf = (draft: Draft, name: string): string => {
  const value = draft.valueOf(name)
  return typeof value === 'string' ? value : ''
}

/** Tries the directory by what is typed, before it is saved. A password that was not typed is the saved one. */
export function TestDirectory({ draft }: { draft: Draft }) {
  const password = draft.typedOf('ldap_search_password')
  const ask = async () => {
    const { body } = await send(pingLdap, {
      body: {
        ldap_url: textOf(draft, 'ldap_url'),
        ldap_search_dn: textOf(draft, 'ldap_search_dn'),
        ...(typeof password === 'string' && password !== '' ? { ldap_search_password: password } : {}),
        ldap_base_dn: textOf(draft, 'ldap_base_dn'),
        ldap_filter: textOf(draft, 'ldap_filter'),
        ldap_uid: textOf(draft, 'ldap_uid'),
        ldap_scope: Number(draft.valueOf('ldap_scope') ?? 2),
        ldap_connection_timeout: Number(draft.valueOf('ldap_timeout') ?? 5),
        ldap_verify_cert: draft.valueOf('ldap_verify_cert') !== false,
      },
    })
    // As in Harbor, a directory that does not answer is no error of the call.
    if (body.success !== true) throw new ApiError(400, undefined, body.message ?? '')
  }
  return <Test ask={ask} worked={words().directoryWorks} hint={words().testHint} />
}

/** Tries the provider's address by what is typed, before it is saved. */
export function TestProvider({ draft }: { draft: Draft }) {
  const ask = async () => {
    const body = { url: textOf(draft, 'oidc_endpoint'), verify_cert: draft.valueOf('oidc_verify_cert') !== false }
    await send(pingOIDC, { body })
  }
  return <Test ask={ask} worked={words().providerWorks} hint={words().testHint} />
}

type TestProps = { ask(): Promise<void>; worked: ComponentChildren; hint: string }

function Test({ ask, worked, hint }: TestProps) {
  const [isGood, setGood] = useState(false)
  const work = useAction(async () => {
    setGood(false)
    await ask()
    setGood(true)
  })
  return (
    <div>
      <div class="row">
        <Button icon="play" isBusy={work.isRunning} onClick={() => void work.run()}>
          {words().test}
        </Button>
        <span class="hint">{hint}</span>
      </div>
      <div role="status">
        {isGood && (
          <p class="note good">
            <Icon name="check" /> {worked}
          </p>
        )}
      </div>
      {work.error && <Problem error={work.error} />}
    </div>
  )
}

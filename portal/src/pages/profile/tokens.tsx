import { useState } from 'preact/hooks'
import { deleteToken, listTokens } from '../../../../api/tokens.ts'
import { tokenWords } from '../../i18n/tokens.ts'
import { send } from '../../lib/api.ts'
import { forget, useApi } from '../../lib/query.ts'
import { user } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { SecretDialog } from '../../ui/secret-dialog.tsx'
import { TokenTable, type Token } from '../../ui/token-table.tsx'
import { NewToken, type MadeToken } from './new-token.tsx'
import { words } from './words.ts'

const forgetTokens = (): void => forget('/users/current/tokens')

async function revoke({ id }: Token): Promise<void> {
  await send(deleteToken, { params: { token_id: id } })
  forgetTokens()
}

/** The caller's personal access tokens. */
export function Tokens() {
  const found = useApi(listTokens, {})
  const [isAsked, setAsked] = useState(false)
  const [made, setMade] = useState<MadeToken | undefined>(undefined)
  const add = (
    <Button icon="add" onClick={() => setAsked(true)}>
      {words().newToken}
    </Button>
  )
  return (
    <section aria-label={tokenWords().tokens}>
      <div class="section-head section-title">
        <h2>{tokenWords().tokens}</h2>
        {found.data !== undefined && found.data.length > 0 && add}
      </div>
      <p class="tab-about">{words().tokensHint}</p>
      <TokenTable
        found={found}
        revoke={revoke}
        empty={
          <EmptyState icon="key" title={words().noTokens} action={add}>
            {words().noTokensHint}
          </EmptyState>
        }
      />
      {isAsked && (
        <NewToken
          onClose={() => setAsked(false)}
          onMade={(token) => {
            forgetTokens()
            setMade(token)
          }}
        />
      )}
      {made && (
        <SecretDialog
          title={words().tokenMade(made.label)}
          name={user.value?.username ?? ''}
          secret={made.secret}
          project={made.project}
          tools={['docker', 'api', 'kubernetes', 'github', 'gitlab']}
          onClose={() => setMade(undefined)}
        />
      )}
    </section>
  )
}

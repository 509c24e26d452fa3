import type { AnswerOf } from '../../../../api/operation.ts'
import { deleteTokenOf, listTokensOf } from '../../../../api/tokens.ts'
import type { listUsers } from '../../../../api/users.ts'
import { send } from '../../lib/api.ts'
import { forget, useApi } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { TokenTable } from '../../ui/token-table.tsx'
import { words } from './words.ts'

type User = AnswerOf<typeof listUsers>[number]

/** The personal access tokens of somebody else, for administrators, who can revoke them. */
export function UserTokens({ who, onClose }: { who: User; onClose(): void }) {
  const params = { user_id: who.user_id }
  const found = useApi(listTokensOf, { params })
  return (
    <Dialog title={words().tokensTitle(who.username)} shape="wide" onClose={onClose}>
      <p class="tab-about">{words().tokensHint}</p>
      <TokenTable
        found={found}
        disabledBecause={canInSystem('user', 'update') ? undefined : words().mayNot}
        revoke={async ({ id }) => {
          await send(deleteTokenOf, { params: { ...params, token_id: id } })
          forget(`/users/${who.user_id}/tokens`)
        }}
        empty={
          <EmptyState icon="key" title={words().noTokens}>
            {words().noTokensHint}
          </EmptyState>
        }
      />
    </Dialog>
  )
}

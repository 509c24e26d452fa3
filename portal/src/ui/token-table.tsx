import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { AnswerOf } from '../../../api/operation.ts'
import type { listTokens } from '../../../api/tokens.ts'
import { secretWords } from '../i18n/secrets.ts'
import { tokenWords } from '../i18n/tokens.ts'
import type { Found } from '../lib/query.ts'
import { permissionsInWords } from '../lib/right-words.ts'
import { Confirm } from './confirm.tsx'
import { Expiry, LastUse, LastUsed } from './expiry.tsx'
import type { Column } from './grid.tsx'
import { PlainTable } from './plain-table.tsx'
import { ErrorState } from './problem.tsx'
import { TimeAgo } from './time.tsx'
import { toast } from './toasts.tsx'

export type Token = AnswerOf<typeof listTokens>[number]

type TableProps = {
  found: Found<Token[]>
  /** Ends a token, and asks for the list anew. */
  revoke(token: Token): Promise<void>
  /** Why the reader may not revoke one. */
  disabledBecause?: string | undefined
  empty: ComponentChildren
}

/** The personal access tokens of an account, and the question before one is revoked. */
export function TokenTable({ found, revoke, disabledBecause, empty }: TableProps) {
  const [asked, setAsked] = useState<Token | undefined>(undefined)
  if (found.error && !found.data) return <ErrorState error={found.error} onRetry={found.refresh} />
  if (!found.data) return <div class="page-loading" aria-busy="true" />
  return (
    <>
      <PlainTable
        label={tokenWords().tokens}
        columns={columnsOf()}
        rows={found.data}
        keyOf={({ id }) => id}
        nameOf={({ name }) => name}
        rowActions={(token) => [
          {
            label: tokenWords().revoke,
            icon: 'trash',
            isDanger: true,
            disabledBecause,
            run: () => setAsked(token),
          },
        ]}
        empty={empty}
      />
      {asked && <RevokeToken token={asked} revoke={revoke} onClose={() => setAsked(undefined)} />}
    </>
  )
}

type RevokeProps = { token: Token; revoke(token: Token): Promise<void>; onClose(): void }

function RevokeToken({ token, revoke, onClose }: RevokeProps) {
  const words = tokenWords()
  return (
    <Confirm
      title={words.revokeTitle(token.name)}
      action={words.revoke}
      onClose={onClose}
      run={async () => {
        await revoke(token)
        toast(words.revoked(token.name))
      }}
    >
      <p>{words.revokeHint}</p>
      <LastUse at={token.last_used_time} />
    </Confirm>
  )
}

function columnsOf(): Column<Token>[] {
  return [
    { name: 'name', title: tokenWords().name, cell: ({ name }) => <span class="name">{name}</span> },
    {
      name: 'may',
      title: tokenWords().may,
      hideBelow: 'small',
      cell: (token) => <span class="rights-text">{mayOf(token)}</span>,
    },
    { name: 'expires', title: secretWords().expires, cell: (token) => <Expiry at={token.expires_at} /> },
    {
      name: 'used',
      title: secretWords().lastUsed,
      hideBelow: 'small',
      cell: (token) => <LastUsed at={token.last_used_time} />,
    },
    {
      name: 'created',
      title: tokenWords().created,
      hideBelow: 'medium',
      cell: (token) => <TimeAgo at={token.creation_time} />,
    },
  ]
}

function mayOf({ permissions }: Token): string {
  if (!permissions) return tokenWords().all
  return permissions.length === 0 ? tokenWords().nothing : permissionsInWords(permissions)
}

import { useState } from 'preact/hooks'
import { listClaims } from '../../../../api/oidc.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { Badge } from '../../ui/badge.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { Pairs } from '../../ui/pairs.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { words } from './words.ts'

type Claims = AnswerOf<typeof listClaims>[number]

/** What the provider said of people when they signed in last: which claims came, and what Marina made of them. */
export function ReceivedClaims() {
  const [shown, setShown] = useState<Claims | undefined>(undefined)
  return (
    <section aria-label={words().claims}>
      <div class="section-head">
        <h2>{words().claims}</h2>
      </div>
      <p class="tab-about">{words().claimsHint}</p>
      <DataGrid
        label={words().claims}
        operation={listClaims}
        columns={columnsOf(setShown)}
        keyOf={({ issuer, subject }) => `${issuer} ${subject}`}
        nameOf={nameOf}
        rowActions={(one) => [{ label: words().showClaims, icon: 'info', run: () => setShown(one) }]}
        empty={
          <EmptyState icon="user" title={words().noClaims}>
            {words().noClaimsHint}
          </EmptyState>
        }
      />
      {shown && <ClaimsDrawer claims={shown} onClose={() => setShown(undefined)} />}
    </section>
  )
}

const nameOf = ({ username, subject }: Claims): string => username ?? subject

function columnsOf(show: (claims: Claims) => void): Column<Claims>[] {
  return [
    {
      name: 'who',
      title: words().who,
      cell: (one) => (
        <button type="button" class="link-button name" onClick={() => show(one)}>
          {nameOf(one)}
        </button>
      ),
    },
    {
      name: 'groups',
      title: words().groupsFromClaims,
      hideBelow: 'small',
      cell: (one) => (
        <span class="row">
          {one.is_admin && <Badge tone="info">{words().madeAdmin}</Badge>}
          <span class="wrap-text">{one.groups.join(', ') || '–'}</span>
        </span>
      ),
    },
    {
      name: 'notes',
      title: words().claimNotes,
      hideBelow: 'small',
      cell: ({ notes }) => (notes.length > 0 ? <Badge tone="warn">{notes.length}</Badge> : '–'),
    },
    { name: 'time', title: words().receivedAt, cell: (one) => <TimeAgo at={one.received_at} /> },
  ]
}

function ClaimsDrawer({ claims, onClose }: { claims: Claims; onClose(): void }) {
  const { used, notes } = claims
  const uses: [string, string | undefined][] = [
    [words().usedFor.username, used.username],
    [words().usedFor.email, used.email],
    [words().usedFor.groups, used.groups],
  ]
  return (
    <Dialog title={words().claimsOf(nameOf(claims))} shape="drawer" onClose={onClose}>
      <dl class="facts">
        {uses.map(([label, claim]) => (
          <div key={label} class="contents">
            <dt>{label}</dt>
            <dd>{claim === undefined ? words().noClaim : <code>{claim}</code>}</dd>
          </div>
        ))}
        <div class="contents">
          <dt>{words().groupsFromClaims}</dt>
          <dd>{claims.groups.join(', ') || '–'}</dd>
        </div>
        <div class="contents">
          <dt>{words().admin}</dt>
          <dd>{claims.is_admin ? words().yesByGroup : words().notByGroup}</dd>
        </div>
      </dl>
      {notes.length > 0 && (
        <>
          <h3>{words().claimNotes}</h3>
          <ul class="sentences">
            {notes.map((note) => (
              <li key={note} class="wrap-text">
                {note}
              </li>
            ))}
          </ul>
        </>
      )}
      <h3>{words().allClaims}</h3>
      <Pairs pairs={Object.entries(claims.claims)} />
    </Dialog>
  )
}

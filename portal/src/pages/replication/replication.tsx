import { useState } from 'preact/hooks'
import { deleteReplicationPolicy, listReplicationPolicies } from '../../../../api/replication.ts'
import { send } from '../../lib/api.ts'
import { useLive } from '../../lib/live.ts'
import { forget } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { attempt } from '../../ui/attempt.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Link } from '../../ui/link.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { Editor } from './editor.tsx'
import { runPolicy, showFilters, showTrigger, switchPolicy, Way, type Policy } from './policy.tsx'
import { RunDialog } from './run-dialog.tsx'
import { words } from './words.ts'

type Asked = { what: 'edit' | 'delete' | 'run'; policy: Policy } | { what: 'add' } | undefined

const placeOf = ({ id }: Policy) => `/replication/${id}`

/** The policies: what is copied from where to where, and when. */
export default function Replication() {
  useLive(['replications'], '/replication')
  const [asked, setAsked] = useState<Asked>(undefined)
  const close = () => setAsked(undefined)
  const add = canInSystem('replication-policy', 'create') && (
    <Button tone="main" icon="add" onClick={() => setAsked({ what: 'add' })}>
      {words().create}
    </Button>
  )
  return (
    <>
      <PageHeader title={words().title} about={words().about} actions={add} />
      <DataGrid
        label={words().title}
        operation={listReplicationPolicies}
        columns={columnsOf()}
        keyOf={(one) => one.id!}
        nameOf={(one) => one.name ?? ''}
        linkTo={placeOf}
        filter={{ label: words().filter, toQuery: (name) => ({ name }) }}
        rowActions={(policy) => actionsOf(policy, setAsked)}
        empty={<NoPolicy add={add} />}
      />
      {asked?.what === 'add' && <Editor onClose={close} />}
      {asked?.what === 'edit' && <Editor policy={asked.policy} onClose={close} />}
      {asked?.what === 'delete' && <DeletePolicy policy={asked.policy} onClose={close} />}
      {asked?.what === 'run' && <RunDialog policy={asked.policy} onClose={close} />}
    </>
  )
}

function NoPolicy({ add }: { add: preact.ComponentChild }) {
  return (
    <EmptyState
      icon="replication"
      title={words().none}
      action={
        <>
          <Link class="button" to="/endpoints">
            {words().toEndpoints}
          </Link>
          {add}
        </>
      }
    >
      {words().noneHint}
    </EmptyState>
  )
}

/** Asks before a policy goes. */
export function DeletePolicy({ policy, onClose, onDone }: { policy: Policy; onClose(): void; onDone?(): void }) {
  const name = policy.name ?? ''
  return (
    <Confirm
      title={words().deleteTitle(name)}
      action={words().delete}
      typed={name}
      onClose={onClose}
      run={async () => {
        await send(deleteReplicationPolicy, { params: { id: policy.id! } })
        forget('/replication')
        toast(words().gone(name))
        onDone?.()
      }}
    >
      <p>{words().deleteHint}</p>
    </Confirm>
  )
}

function actionsOf(policy: Policy, ask: (asked: Asked) => void): MenuItem[] {
  const mayNot = canInSystem('replication-policy', 'update') ? undefined : words().mayNot
  const isOn = policy.enabled === true
  const mayRun =
    (canInSystem('replication', 'create') ? undefined : words().mayNot) ?? (isOn ? undefined : words().isOff)
  return [
    {
      label: words().run,
      icon: 'play',
      disabledBecause: mayRun,
      run: () => (policy.deletion ? ask({ what: 'run', policy }) : attempt(() => runPolicy(policy.id!))),
    },
    {
      label: isOn ? words().disable : words().enable,
      icon: isOn ? 'stop' : 'check',
      disabledBecause: mayNot,
      run: () => attempt(() => switchPolicy(policy, !isOn)),
    },
    { label: words().edit, icon: 'edit', disabledBecause: mayNot, run: () => ask({ what: 'edit', policy }) },
    {
      label: words().delete,
      icon: 'trash',
      isDanger: true,
      disabledBecause: canInSystem('replication-policy', 'delete') ? undefined : words().mayNot,
      run: () => ask({ what: 'delete', policy }),
    },
  ]
}

function columnsOf(): Column<Policy>[] {
  return [
    {
      name: 'name',
      title: words().name,
      sort: 'name',
      cell: (one) => (
        <Link class="name" to={placeOf(one)}>
          {one.name}
        </Link>
      ),
    },
    { name: 'way', title: words().way, cell: (policy) => <Way policy={policy} /> },
    {
      name: 'what',
      title: words().what,
      hideBelow: 'medium',
      cell: (one) => <code class="wrap-text">{showFilters(one)}</code>,
    },
    { name: 'when', title: words().when, hideBelow: 'small', cell: showTrigger },
    {
      name: 'state',
      title: words().state,
      cell: ({ enabled }) => (enabled ? <Badge tone="good">{words().on}</Badge> : <Badge>{words().off}</Badge>),
    },
    {
      name: 'changed',
      title: words().changed,
      sort: 'update_time',
      hideBelow: 'medium',
      cell: ({ update_time: at }) => <TimeAgo at={at} />,
    },
  ]
}

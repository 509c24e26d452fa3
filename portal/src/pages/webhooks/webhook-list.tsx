import { useState } from 'preact/hooks'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { registryHost, user } from '../../lib/session.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { CodeView } from '../../ui/code.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { Link } from '../../ui/link.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { Select } from '../../ui/select.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { EditWebhook } from './edit-webhook.tsx'
import { sampleOf } from './samples.ts'
import type { Policy, Side, Target } from './side.ts'
import { TestWebhook } from './test-webhook.tsx'
import { eventName, words } from './words.ts'

export type OpenWebhook = { what: 'add' } | { what: 'edit' | 'test' | 'delete'; policy: Policy } | undefined
type ListProps = { side: Side; mayChange: boolean; open: OpenWebhook; onOpen(open: OpenWebhook): void }

/** The webhook policies of a project or of the system. */
export function WebhookList({ side, mayChange, open, onOpen }: ListProps) {
  const close = () => onOpen(undefined)
  return (
    <>
      <DataGrid
        label={words().title}
        operation={side.api.listPolicies}
        call={{ params: side.params }}
        columns={columnsOf(side)}
        keyOf={(policy) => policy.id}
        nameOf={(policy) => policy.name}
        linkTo={(policy) => side.one(policy.id)}
        {...(mayChange ? { rowActions: (policy: Policy) => actionsOf(side, policy, onOpen) } : {})}
        empty={<NoWebhooks side={side} onNew={mayChange ? () => onOpen({ what: 'add' }) : undefined} />}
      />
      {open?.what === 'add' && <EditWebhook side={side} onClose={close} />}
      {open?.what === 'edit' && <EditWebhook side={side} policy={open.policy} onClose={close} />}
      {open?.what === 'test' && <TestWebhook side={side} policy={open.policy} onClose={close} />}
      {open?.what === 'delete' && <DeleteWebhook side={side} policy={open.policy} onClose={close} />}
    </>
  )
}

function actionsOf(side: Side, policy: Policy, ask: (open: OpenWebhook) => void): MenuItem[] {
  const { enabled } = policy
  return [
    { label: words().test, icon: 'play', run: () => ask({ what: 'test', policy }) },
    { label: words().edit, icon: 'edit', run: () => ask({ what: 'edit', policy }) },
    {
      label: enabled ? words().disable : words().enable,
      icon: enabled ? 'stop' : 'play',
      run: () => void switchWebhook(side, policy, !enabled),
    },
    { label: common().delete, icon: 'trash', isDanger: true, run: () => ask({ what: 'delete', policy }) },
  ]
}

async function switchWebhook(side: Side, policy: Policy, enabled: boolean): Promise<void> {
  const params = { ...side.params, webhook_policy_id: policy.id }
  try {
    await send(side.api.updatePolicy, { params, body: { ...policy, enabled } })
    side.forget()
    toast(enabled ? words().nowEnabled(policy.name) : words().nowDisabled(policy.name))
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), { isBad: true })
  }
}

function columnsOf(side: Side): Column<Policy>[] {
  return [
    {
      name: 'name',
      title: words().name,
      sort: 'name',
      cell: (policy) => (
        <Link to={side.one(policy.id)} class="name">
          {policy.name}
        </Link>
      ),
    },
    { name: 'state', title: words().state, cell: (policy) => <PolicyState policy={policy} /> },
    {
      name: 'events',
      title: words().events,
      hideBelow: 'medium',
      cell: ({ event_types: types }) => <span class="quiet-text">{types.map(eventName).join(', ')}</span>,
    },
    {
      name: 'targets',
      title: words().targets,
      hideBelow: 'small',
      cell: ({ targets }) => <span class="wrap-text">{targets.map(targetName).join(', ')}</span>,
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

/** `hooks.example.com`, with its kind where that is not plain HTTP. */
export function targetName({ type, address }: Target): string {
  const host = URL.canParse(address) ? new URL(address).host : address
  return type === 'http' ? host : `${words().types[type] ?? type} ${host}`
}

export function PolicyState({ policy: { enabled, targets } }: { policy: Policy }) {
  if (!enabled) return <Badge>{words().disabled}</Badge>
  if (targets.some((one) => one.paused)) return <Badge tone="bad">{words().paused}</Badge>
  if (targets.some((one) => one.resting_until !== undefined)) return <Badge tone="warn">{words().failing}</Badge>
  return <Badge tone="good">{words().enabled}</Badge>
}

type DeleteProps = { side: Side; policy: Policy; onClose(): void; onGone?: () => void }

export function DeleteWebhook({ side, policy, onClose, onGone }: DeleteProps) {
  return (
    <Confirm
      title={words().deleteTitle(policy.name)}
      action={common().delete}
      typed={policy.name}
      onClose={onClose}
      run={async () => {
        await send(side.api.deletePolicy, { params: { ...side.params, webhook_policy_id: policy.id } })
        onGone?.()
        side.forget()
        toast(words().gone(policy.name))
      }}
    >
      <p>{words().deleteHint}</p>
    </Confirm>
  )
}

const sampled = ['PUSH_ARTIFACT', 'PULL_ARTIFACT', 'DELETE_ARTIFACT', 'QUOTA_WARNING', 'TAG_RETENTION', 'REPLICATION']

function NoWebhooks({ side, onNew }: { side: Side; onNew: (() => void) | undefined }) {
  const [type, setType] = useState(sampled[0]!)
  const sample = sampleOf(type, {
    project: side.project,
    host: registryHost.value,
    user: user.value?.username ?? 'admin',
  })
  const add = onNew && (
    <Button tone="main" icon="add" onClick={onNew}>
      {words().add}
    </Button>
  )
  return (
    <div class="no-webhooks">
      <EmptyState icon="webhook" title={words().emptyTitle} action={add}>
        {words().emptyHint}
      </EmptyState>
      <div class="row">
        <Select
          aria-label={words().sampleOf}
          value={type}
          options={sampled.map((one) => ({ value: one, label: eventName(one) }))}
          onPick={setType}
        />
      </div>
      <CodeView text={sample} label={words().sampleOf} />
    </div>
  )
}

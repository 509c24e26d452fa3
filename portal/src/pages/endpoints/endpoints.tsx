import { useState } from 'preact/hooks'
import { deleteRegistry, listRegistries, pingRegistry } from '../../../../api/endpoints.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { listReplicationPolicies } from '../../../../api/replication.ts'
import { send } from '../../lib/api.ts'
import { likeQ } from '../../lib/q.ts'
import { forget, useApi } from '../../lib/query.ts'
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
import { EndpointEditor } from './editor.tsx'
import type { Endpoint } from './endpoint.ts'
import { words } from './words.ts'

type Policy = AnswerOf<typeof listReplicationPolicies>[number]
type Asked = { what: 'edit' | 'delete'; endpoint: Endpoint } | { what: 'add' } | undefined

/** The other registries that Marina knows. */
export default function Endpoints() {
  const [asked, setAsked] = useState<Asked>(undefined)
  const close = () => setAsked(undefined)
  const policies = useApi(
    listReplicationPolicies,
    { query: { page_size: 100 } },
    { isOn: canInSystem('replication-policy', 'list') },
  )
  const usersOf = ({ id }: Endpoint) =>
    (policies.data ?? []).filter((one) => one.src_registry?.id === id || one.dest_registry?.id === id)
  const add = canInSystem('registry', 'create') && (
    <Button tone="main" icon="add" onClick={() => setAsked({ what: 'add' })}>
      {words().create}
    </Button>
  )
  return (
    <>
      <PageHeader title={words().title} about={words().about} actions={add} />
      <DataGrid
        label={words().title}
        operation={listRegistries}
        columns={columnsOf(usersOf, (endpoint) => setAsked({ what: 'edit', endpoint }))}
        keyOf={(one) => one.id}
        nameOf={(one) => one.name}
        filter={{ label: words().filter, toQuery: (text) => ({ q: likeQ('name', text) }) }}
        rowActions={(endpoint) => actionsOf(endpoint, setAsked)}
        empty={
          <EmptyState icon="globe" title={words().none} action={add}>
            {words().noneHint}
          </EmptyState>
        }
      />
      {asked?.what === 'add' && <EndpointEditor onClose={close} />}
      {asked?.what === 'edit' && <EndpointEditor endpoint={asked.endpoint} onClose={close} />}
      {asked?.what === 'delete' && (
        <DeleteEndpoint endpoint={asked.endpoint} users={usersOf(asked.endpoint)} onClose={close} />
      )}
    </>
  )
}

type DeleteProps = { endpoint: Endpoint; users: Policy[]; onClose(): void }

function DeleteEndpoint({ endpoint: { id, name }, users, onClose }: DeleteProps) {
  return (
    <Confirm
      title={words().deleteTitle(name)}
      action={words().delete}
      {...(users.length > 0 && { refusedBecause: words().isUsed(users.map((one) => one.name).join(', ')) })}
      onClose={onClose}
      run={async () => {
        await send(deleteRegistry, { params: { id } })
        forget('/registries')
        toast(words().gone(name))
      }}
    >
      <p>{words().deleteHint}</p>
    </Confirm>
  )
}

async function test({ id, name }: Endpoint): Promise<void> {
  await send(pingRegistry, { body: { id } })
  forget('/registries')
  toast(words().answers(name))
}

function actionsOf(endpoint: Endpoint, ask: (asked: Asked) => void): MenuItem[] {
  const mayNot = (action: string) => (canInSystem('registry', action) ? undefined : words().mayNot)
  return [
    {
      label: words().test,
      icon: 'refresh',
      disabledBecause: mayNot('create'),
      run: () => attempt(() => test(endpoint)),
    },
    {
      label: words().edit,
      icon: 'edit',
      disabledBecause: mayNot('update'),
      run: () => ask({ what: 'edit', endpoint }),
    },
    {
      label: words().delete,
      icon: 'trash',
      isDanger: true,
      disabledBecause: mayNot('delete'),
      run: () => ask({ what: 'delete', endpoint }),
    },
  ]
}

function columnsOf(usersOf: (one: Endpoint) => Policy[], edit: (one: Endpoint) => void): Column<Endpoint>[] {
  return [
    {
      name: 'name',
      title: words().name,
      sort: 'name',
      cell: (one) =>
        canInSystem('registry', 'update') ? (
          <button type="button" class="link-button" onClick={() => edit(one)}>
            {one.name}
          </button>
        ) : (
          <span class="name">{one.name}</span>
        ),
    },
    { name: 'kind', title: words().kind, hideBelow: 'small', cell: ({ type }) => <Badge>{type}</Badge> },
    { name: 'address', title: words().address, cell: ({ url }) => <span class="wrap-text">{url}</span> },
    { name: 'state', title: words().state, cell: (one) => <Health endpoint={one} /> },
    {
      name: 'users',
      title: words().usedBy,
      hideBelow: 'medium',
      cell: (one) => <Users policies={usersOf(one)} />,
    },
    {
      name: 'checked',
      title: words().checked,
      hideBelow: 'medium',
      cell: ({ checked_time: at }) => <TimeAgo at={at} />,
    },
  ]
}

function Health({ endpoint: { status, status_text: text } }: { endpoint: Endpoint }) {
  if (status === 'healthy') return <Badge tone="good">{words().healthy}</Badge>
  return (
    <span class="two-lines">
      <span>
        <Badge tone="bad">{words().unhealthy}</Badge>
      </span>
      {text !== undefined && <span class="quiet-text wrap-text">{text}</span>}
    </span>
  )
}

function Users({ policies }: { policies: Policy[] }) {
  if (policies.length === 0) return <span class="quiet-text">{words().nothing}</span>
  return policies.map((one, index) => (
    <span key={one.id}>
      {index > 0 && ', '}
      <Link to={`/replication/${one.id}`}>{one.name}</Link>
    </span>
  ))
}

import { deleteRegistry, listRegistries, pingRegistry } from '../../../../api/endpoints.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { listReplicationPolicies } from '../../../../api/replication.ts'
import { send } from '../../lib/api.ts'
import { likeQ } from '../../lib/q.ts'
import { forget, useApi } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { attempt } from '../../ui/attempt.ts'
import { Badge } from '../../ui/badge.tsx'
import { textColumn, timeColumn } from '../../ui/columns.tsx'
import { DeleteDialog } from '../../ui/delete-dialog.tsx'
import type { Column } from '../../ui/grid.tsx'
import { Link } from '../../ui/link.tsx'
import { EditName, ListPage, type OpenDialog } from '../../ui/list-page.tsx'
import { deleteItem, editItem } from '../../ui/menu-items.ts'
import type { MenuItem } from '../../ui/menu.tsx'
import { toast } from '../../ui/toasts.tsx'
import { EndpointEditor } from './editor.tsx'
import type { Endpoint } from './endpoint.ts'
import { words } from './words.ts'

type Policy = AnswerOf<typeof listReplicationPolicies>[number]
/** The other registries that Marina knows. */
export default function Endpoints() {
  const policies = useApi(
    listReplicationPolicies,
    { query: { page_size: 100 } },
    { isOn: canInSystem('replication-policy', 'list') },
  )
  const usersOf = ({ id }: Endpoint) =>
    (policies.data ?? []).filter((one) => one.src_registry?.id === id || one.dest_registry?.id === id)
  return (
    <ListPage
      title={words().title}
      about={words().about}
      create={{
        label: words().create,
        may: canInSystem('registry', 'create'),
        dialog: (onClose) => <EndpointEditor onClose={onClose} />,
      }}
      operation={listRegistries}
      columns={(open) => columnsOf(usersOf, (one) => edit(one, open))}
      keyOf={(one) => one.id}
      nameOf={(one) => one.name}
      filter={{ label: words().filter, toQuery: (text) => ({ q: likeQ('name', text) }) }}
      rowActions={(one, open) => actionsOf(one, usersOf(one), open)}
      none={{ icon: 'globe', title: words().none, hint: words().noneHint }}
    />
  )
}

const edit = (endpoint: Endpoint, open: OpenDialog) =>
  open((onClose) => <EndpointEditor endpoint={endpoint} onClose={onClose} />)

type DeleteProps = { endpoint: Endpoint; users: Policy[]; onClose(): void }

function DeleteEndpoint({ endpoint: { id, name }, users, onClose }: DeleteProps) {
  return (
    <DeleteDialog
      title={words().deleteTitle(name)}
      hint={words().deleteHint}
      refusedBecause={users.length > 0 ? words().isUsed(users.map((one) => one.name).join(', ')) : undefined}
      run={() => send(deleteRegistry, { params: { id } })}
      forgets={['/registries']}
      gone={words().gone(name)}
      onClose={onClose}
    />
  )
}

async function test({ id, name }: Endpoint): Promise<void> {
  await send(pingRegistry, { body: { id } })
  forget('/registries')
  toast(words().answers(name))
}

function actionsOf(endpoint: Endpoint, users: Policy[], open: OpenDialog): MenuItem[] {
  const mayNot = (action: string) => (canInSystem('registry', action) ? undefined : words().mayNot)
  return [
    {
      label: words().test,
      icon: 'refresh',
      disabledBecause: mayNot('create'),
      run: () => attempt(() => test(endpoint)),
    },
    editItem(() => edit(endpoint, open), mayNot('update')),
    deleteItem(
      () => open((onClose) => <DeleteEndpoint endpoint={endpoint} users={users} onClose={onClose} />),
      mayNot('delete'),
    ),
  ]
}

function columnsOf(usersOf: (one: Endpoint) => Policy[], open: (one: Endpoint) => void): Column<Endpoint>[] {
  return [
    {
      name: 'name',
      title: words().name,
      sort: 'name',
      cell: (one) => <EditName name={one.name} {...(canInSystem('registry', 'update') && { edit: () => open(one) })} />,
    },
    { name: 'kind', title: words().kind, hideBelow: 'small', cell: ({ type }) => <Badge>{type}</Badge> },
    textColumn('address', words().address, ({ url }) => url),
    { name: 'state', title: words().state, cell: (one) => <Health endpoint={one} /> },
    {
      name: 'users',
      title: words().usedBy,
      hideBelow: 'medium',
      cell: (one) => <Users policies={usersOf(one)} />,
    },
    timeColumn('checked', words().checked, (one) => one.checked_time, { hideBelow: 'medium' }),
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

import { listReplicationPolicies } from '../../../../api/replication.ts'
import { useLive } from '../../lib/live.ts'
import { canInSystem } from '../../lib/session.ts'
import { attempt } from '../../ui/attempt.ts'
import { Badge } from '../../ui/badge.tsx'
import { timeColumn } from '../../ui/columns.tsx'
import type { Column } from '../../ui/grid.tsx'
import { Link } from '../../ui/link.tsx'
import { ListPage, type OpenDialog } from '../../ui/list-page.tsx'
import { deleteItem, editItem } from '../../ui/menu-items.ts'
import type { MenuItem } from '../../ui/menu.tsx'
import { DeletePolicy } from './delete-policy.tsx'
import { Editor } from './editor.tsx'
import { runPolicy, showFilters, showTrigger, switchPolicy, Way, type Policy } from './policy.tsx'
import { RunDialog } from './run-dialog.tsx'
import { words } from './words.ts'

const placeOf = ({ id }: Policy) => `/replication/${id}`

/** The policies: what is copied from where to where, and when. */
export default function Replication() {
  useLive(['replications'], '/replication')
  return (
    <ListPage
      title={words().title}
      about={words().about}
      create={{
        label: words().create,
        may: canInSystem('replication-policy', 'create'),
        dialog: (onClose) => <Editor onClose={onClose} />,
      }}
      operation={listReplicationPolicies}
      columns={columnsOf}
      keyOf={(one) => one.id!}
      nameOf={(one) => one.name ?? ''}
      linkTo={placeOf}
      filter={{ label: words().filter, toQuery: (name) => ({ name }) }}
      rowActions={actionsOf}
      none={{ icon: 'replication', title: words().none, hint: words().noneHint, action: <ToEndpoints /> }}
    />
  )
}

const ToEndpoints = () => (
  <Link class="button" to="/endpoints">
    {words().toEndpoints}
  </Link>
)

function actionsOf(policy: Policy, open: OpenDialog): MenuItem[] {
  const mayNot = canInSystem('replication-policy', 'update') ? undefined : words().mayNot
  const isOn = policy.enabled === true
  const mayRun =
    (canInSystem('replication', 'create') ? undefined : words().mayNot) ?? (isOn ? undefined : words().isOff)
  return [
    {
      label: words().run,
      icon: 'play',
      disabledBecause: mayRun,
      run: () =>
        policy.deletion
          ? open((onClose) => <RunDialog policy={policy} onClose={onClose} />)
          : attempt(() => runPolicy(policy.id!)),
    },
    {
      label: isOn ? words().disable : words().enable,
      icon: isOn ? 'stop' : 'check',
      disabledBecause: mayNot,
      run: () => attempt(() => switchPolicy(policy, !isOn)),
    },
    editItem(() => open((onClose) => <Editor policy={policy} onClose={onClose} />), mayNot),
    deleteItem(
      () => open((onClose) => <DeletePolicy policy={policy} onClose={onClose} />),
      canInSystem('replication-policy', 'delete') ? undefined : words().mayNot,
    ),
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
    timeColumn('changed', words().changed, (one) => one.update_time, { sort: 'update_time', hideBelow: 'medium' }),
  ]
}

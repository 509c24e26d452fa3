import { deletePreheatInstance, listPreheatInstances, pingPreheatInstance } from '../../../../api/preheat.ts'
import { send } from '../../lib/api.ts'
import { likeQ } from '../../lib/q.ts'
import { forget } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { attempt } from '../../ui/attempt.ts'
import { Badge } from '../../ui/badge.tsx'
import { textColumn } from '../../ui/columns.tsx'
import { DeleteDialog } from '../../ui/delete-dialog.tsx'
import type { Column } from '../../ui/grid.tsx'
import { EditName, ListPage, type OpenDialog } from '../../ui/list-page.tsx'
import { deleteItem, editItem } from '../../ui/menu-items.ts'
import type { MenuItem } from '../../ui/menu.tsx'
import { toast } from '../../ui/toasts.tsx'
import { InstanceEditor } from './instance-editor.tsx'
import type { Instance } from './instance.ts'
import { words } from './words.ts'

/** The services that preheat images, which Harbor calls distributions. */
export default function Distributions() {
  return (
    <ListPage
      title={words().distributions}
      about={words().aboutDistributions}
      create={{
        label: words().newInstance,
        may: canInSystem('preheat-instance', 'create'),
        dialog: (onClose) => <InstanceEditor onClose={onClose} />,
      }}
      operation={listPreheatInstances}
      columns={columnsOf}
      keyOf={(one) => one.id ?? 0}
      nameOf={(one) => one.name ?? ''}
      filter={{ label: words().filter, toQuery: (text) => ({ q: likeQ('name', text) }) }}
      rowActions={actionsOf}
      none={{ icon: 'server', title: words().noInstance, hint: words().noInstanceHint }}
    />
  )
}

const edit = (instance: Instance, open: OpenDialog) =>
  open((onClose) => <InstanceEditor instance={instance} onClose={onClose} />)

function DeleteInstance({ instance: { name = '' }, onClose }: { instance: Instance; onClose(): void }) {
  return (
    <DeleteDialog
      title={words().deleteTitle(name)}
      hint={words().deleteHint}
      run={() => send(deletePreheatInstance, { params: { preheat_instance_name: name } })}
      forgets={['/p2p/preheat']}
      gone={words().gone(name)}
      onClose={onClose}
    />
  )
}

async function test({ id = 0, name = '' }: Instance): Promise<void> {
  try {
    await send(pingPreheatInstance, { body: { id } })
  } finally {
    // The server has noted what it found.
    forget('/p2p/preheat')
  }
  toast(words().answers(name))
}

function actionsOf(instance: Instance, open: OpenDialog): MenuItem[] {
  const mayNot = (action: string) => (canInSystem('preheat-instance', action) ? undefined : words().mayNot)
  return [
    {
      label: words().test,
      icon: 'refresh',
      disabledBecause: mayNot('read'),
      run: () => attempt(() => test(instance)),
    },
    editItem(() => edit(instance, open), mayNot('update')),
    deleteItem(() => open((onClose) => <DeleteInstance instance={instance} onClose={onClose} />), mayNot('delete')),
  ]
}

function columnsOf(open: OpenDialog): Column<Instance>[] {
  return [
    {
      name: 'name',
      title: words().name,
      sort: 'name',
      cell: (one) => (
        <span class="row">
          <EditName
            name={one.name ?? ''}
            {...(canInSystem('preheat-instance', 'update') && { edit: () => edit(one, open) })}
          />
          {one.default && <Badge tone="info">{words().isDefault}</Badge>}
        </span>
      ),
    },
    { name: 'kind', title: words().kind, hideBelow: 'small', cell: ({ vendor }) => <Badge>{vendor}</Badge> },
    textColumn('address', words().address, ({ endpoint }) => endpoint),
    {
      name: 'login',
      title: words().login,
      hideBelow: 'medium',
      cell: ({ auth_mode: mode = '' }) => words().auth[mode] ?? mode,
    },
    { name: 'state', title: words().state, cell: (one) => <State instance={one} /> },
  ]
}

function State({ instance: { status, enabled } }: { instance: Instance }) {
  if (!enabled) return <Badge>{words().off}</Badge>
  if (status === 'Healthy') return <Badge tone="good">{words().answersState}</Badge>
  return status === 'Unhealthy' ? <Badge tone="bad">{words().silent}</Badge> : <Badge>{words().unknown}</Badge>
}

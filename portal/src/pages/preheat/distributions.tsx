import { useState } from 'preact/hooks'
import { deletePreheatInstance, listPreheatInstances, pingPreheatInstance } from '../../../../api/preheat.ts'
import { send } from '../../lib/api.ts'
import { likeQ } from '../../lib/q.ts'
import { forget } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { attempt } from '../../ui/attempt.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { PageHeader } from '../../ui/header.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { toast } from '../../ui/toasts.tsx'
import { InstanceEditor } from './instance-editor.tsx'
import type { Instance } from './instance.ts'
import { words } from './words.ts'

type Asked = { what: 'edit' | 'delete'; instance: Instance } | { what: 'add' } | undefined

/** The services that preheat images, which Harbor calls distributions. */
export default function Distributions() {
  const [asked, setAsked] = useState<Asked>(undefined)
  const close = () => setAsked(undefined)
  const add = canInSystem('preheat-instance', 'create') && (
    <Button tone="main" icon="add" onClick={() => setAsked({ what: 'add' })}>
      {words().newInstance}
    </Button>
  )
  return (
    <>
      <PageHeader title={words().distributions} about={words().aboutDistributions} actions={add} />
      <DataGrid
        label={words().distributions}
        operation={listPreheatInstances}
        columns={columnsOf((instance) => setAsked({ what: 'edit', instance }))}
        keyOf={(one) => one.id ?? 0}
        nameOf={(one) => one.name ?? ''}
        filter={{ label: words().filter, toQuery: (text) => ({ q: likeQ('name', text) }) }}
        rowActions={(instance) => actionsOf(instance, setAsked)}
        empty={
          <EmptyState icon="server" title={words().noInstance} action={add}>
            {words().noInstanceHint}
          </EmptyState>
        }
      />
      {asked?.what === 'add' && <InstanceEditor onClose={close} />}
      {asked?.what === 'edit' && <InstanceEditor instance={asked.instance} onClose={close} />}
      {asked?.what === 'delete' && <DeleteInstance instance={asked.instance} onClose={close} />}
    </>
  )
}

function DeleteInstance({ instance: { name = '' }, onClose }: { instance: Instance; onClose(): void }) {
  return (
    <Confirm
      title={words().deleteTitle(name)}
      action={words().delete}
      onClose={onClose}
      run={async () => {
        await send(deletePreheatInstance, { params: { preheat_instance_name: name } })
        forget('/p2p/preheat')
        toast(words().gone(name))
      }}
    >
      <p>{words().deleteHint}</p>
    </Confirm>
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

function actionsOf(instance: Instance, ask: (asked: Asked) => void): MenuItem[] {
  const mayNot = (action: string) => (canInSystem('preheat-instance', action) ? undefined : words().mayNot)
  return [
    {
      label: words().test,
      icon: 'refresh',
      disabledBecause: mayNot('read'),
      run: () => attempt(() => test(instance)),
    },
    {
      label: words().edit,
      icon: 'edit',
      disabledBecause: mayNot('update'),
      run: () => ask({ what: 'edit', instance }),
    },
    {
      label: words().delete,
      icon: 'trash',
      isDanger: true,
      disabledBecause: mayNot('delete'),
      run: () => ask({ what: 'delete', instance }),
    },
  ]
}

function columnsOf(edit: (one: Instance) => void): Column<Instance>[] {
  return [
    {
      name: 'name',
      title: words().name,
      sort: 'name',
      cell: (one) => (
        <span class="row">
          {canInSystem('preheat-instance', 'update') ? (
            <button type="button" class="link-button" onClick={() => edit(one)}>
              {one.name}
            </button>
          ) : (
            <span class="name">{one.name}</span>
          )}
          {one.default && <Badge tone="info">{words().isDefault}</Badge>}
        </span>
      ),
    },
    { name: 'kind', title: words().kind, hideBelow: 'small', cell: ({ vendor }) => <Badge>{vendor}</Badge> },
    { name: 'address', title: words().address, cell: ({ endpoint }) => <span class="wrap-text">{endpoint}</span> },
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

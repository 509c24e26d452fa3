import { useState } from 'preact/hooks'
import {
  deleteScanner,
  getScannerMetadata,
  listScanners,
  setScannerAsDefault,
  updateScanner,
} from '../../../../api/scanners.ts'
import { send } from '../../lib/api.ts'
import { forget, useApi } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { attempt } from '../../ui/attempt.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { CodeView } from '../../ui/code.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { PageHeader } from '../../ui/header.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { ScannerEditor, type Scanner } from './editor.tsx'
import { Database } from './database.tsx'
import { ScanAll } from './scan-all.tsx'
import { words } from './words.ts'

type Asked = { what: 'edit' | 'delete' | 'ask'; scanner: Scanner } | { what: 'add' } | undefined

/** The scanners that are registered. */
export default function Scanners() {
  const [asked, setAsked] = useState<Asked>(undefined)
  const close = () => setAsked(undefined)
  const add = canInSystem('scanner', 'create') && (
    <Button tone="main" icon="add" onClick={() => setAsked({ what: 'add' })}>
      {words().create}
    </Button>
  )
  return (
    <>
      <PageHeader title={words().title} about={words().about} actions={add} />
      {canInSystem('configuration', 'read') && <Database />}
      {canInSystem('scan-all', 'read') && <ScanAll />}
      <DataGrid
        label={words().title}
        operation={listScanners}
        columns={columnsOf()}
        keyOf={(one) => one.uuid}
        nameOf={(one) => one.name}
        rowActions={(scanner) => actionsOf(scanner, setAsked)}
        empty={
          <EmptyState icon="shield" title={words().none} action={add}>
            {words().noneHint}
          </EmptyState>
        }
      />
      {asked?.what === 'add' && <ScannerEditor onClose={close} />}
      {asked?.what === 'edit' && <ScannerEditor scanner={asked.scanner} onClose={close} />}
      {asked?.what === 'delete' && <DeleteScanner scanner={asked.scanner} onClose={close} />}
      {asked?.what === 'ask' && <Metadata scanner={asked.scanner} onClose={close} />}
    </>
  )
}

type OneProps = { scanner: Scanner; onClose(): void }

function DeleteScanner({ scanner: { uuid, name }, onClose }: OneProps) {
  return (
    <Confirm
      title={words().deleteTitle(name)}
      action={words().delete}
      onClose={onClose}
      run={async () => {
        await send(deleteScanner, { params: { registration_id: uuid } })
        forget('/scanners')
        toast(words().gone(name))
      }}
    >
      <p>{words().deleteHint}</p>
    </Confirm>
  )
}

function Metadata({ scanner: { uuid, name }, onClose }: OneProps) {
  const { data, error, refresh } = useApi(getScannerMetadata, { params: { registration_id: uuid } })
  return (
    <Dialog title={words().metadataOf(name)} shape="wide" onClose={onClose}>
      {error && <ErrorState error={error} onRetry={refresh} />}
      {data && <CodeView text={JSON.stringify(data, null, 2)} label={words().metadataOf(name)} />}
    </Dialog>
  )
}

async function makeDefault({ uuid, name }: Scanner): Promise<void> {
  await send(setScannerAsDefault, { params: { registration_id: uuid }, body: { is_default: true } })
  forget('/scanners')
  toast(words().madeDefault(name))
}

async function switchScanner({ uuid, disabled }: Scanner): Promise<void> {
  await send(updateScanner, { params: { registration_id: uuid }, body: { disabled: !disabled } })
  forget('/scanners')
}

function actionsOf(scanner: Scanner, ask: (asked: Asked) => void): MenuItem[] {
  const mayNot = (action: string) => (canInSystem('scanner', action) ? undefined : words().mayNot)
  return [
    { label: words().ask, icon: 'info', run: () => ask({ what: 'ask', scanner }) },
    {
      label: words().makeDefault,
      icon: 'check',
      disabledBecause: mayNot('update') ?? (scanner.is_default ? words().default : undefined),
      run: () => attempt(() => makeDefault(scanner)),
    },
    {
      label: scanner.disabled ? words().enable : words().disable,
      icon: scanner.disabled ? 'play' : 'stop',
      disabledBecause: mayNot('update'),
      run: () => attempt(() => switchScanner(scanner)),
    },
    { label: words().edit, icon: 'edit', disabledBecause: mayNot('update'), run: () => ask({ what: 'edit', scanner }) },
    {
      label: words().delete,
      icon: 'trash',
      isDanger: true,
      disabledBecause: mayNot('delete'),
      run: () => ask({ what: 'delete', scanner }),
    },
  ]
}

function columnsOf(): Column<Scanner>[] {
  return [
    {
      name: 'name',
      title: words().name,
      cell: ({ name, is_default: isDefault }) => (
        <span class="row">
          <span class="name">{name}</span> {isDefault && <Badge tone="info">{words().default}</Badge>}
        </span>
      ),
    },
    { name: 'address', title: words().address, cell: ({ url }) => <span class="wrap-text">{url}</span> },
    {
      name: 'state',
      title: words().state,
      cell: ({ disabled }) =>
        disabled ? <Badge tone="warn">{words().disabled}</Badge> : <Badge tone="good">{words().enabled}</Badge>,
    },
    {
      name: 'data',
      title: words().dataDate,
      hideBelow: 'small',
      cell: ({ database_time: at }) => <TimeAgo at={at} />,
    },
    {
      name: 'auth',
      title: words().credential,
      hideBelow: 'medium',
      cell: ({ auth }) => words().auths[auth] ?? auth,
    },
    {
      name: 'created',
      title: words().created,
      hideBelow: 'medium',
      cell: ({ create_time: at }) => <TimeAgo at={at} />,
    },
  ]
}

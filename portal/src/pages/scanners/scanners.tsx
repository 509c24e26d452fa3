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
import { CodeView } from '../../ui/code.tsx'
import { textColumn, timeColumn } from '../../ui/columns.tsx'
import { DeleteDialog } from '../../ui/delete-dialog.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import type { Column } from '../../ui/grid.tsx'
import { ListPage, type OpenDialog } from '../../ui/list-page.tsx'
import { deleteItem, editItem } from '../../ui/menu-items.ts'
import type { MenuItem } from '../../ui/menu.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { toast } from '../../ui/toasts.tsx'
import { ScannerEditor, type Scanner } from './editor.tsx'
import { Database } from './database.tsx'
import { ScanAll } from './scan-all.tsx'
import { words } from './words.ts'

/** The scanners that are registered. */
export default function Scanners() {
  return (
    <ListPage
      title={words().title}
      about={words().about}
      create={{
        label: words().create,
        may: canInSystem('scanner', 'create'),
        dialog: (onClose) => <ScannerEditor onClose={onClose} />,
      }}
      operation={listScanners}
      columns={columnsOf}
      keyOf={(one) => one.uuid}
      nameOf={(one) => one.name}
      rowActions={actionsOf}
      none={{ icon: 'shield', title: words().none, hint: words().noneHint }}
    >
      {canInSystem('configuration', 'read') && <Database />}
      {canInSystem('scan-all', 'read') && <ScanAll />}
    </ListPage>
  )
}

type OneProps = { scanner: Scanner; onClose(): void }

function DeleteScanner({ scanner: { uuid, name }, onClose }: OneProps) {
  return (
    <DeleteDialog
      title={words().deleteTitle(name)}
      hint={words().deleteHint}
      run={() => send(deleteScanner, { params: { registration_id: uuid } })}
      forgets={['/scanners']}
      gone={words().gone(name)}
      onClose={onClose}
    />
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

function actionsOf(scanner: Scanner, open: OpenDialog): MenuItem[] {
  const mayNot = (action: string) => (canInSystem('scanner', action) ? undefined : words().mayNot)
  return [
    {
      label: words().ask,
      icon: 'info',
      run: () => open((onClose) => <Metadata scanner={scanner} onClose={onClose} />),
    },
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
    editItem(() => open((onClose) => <ScannerEditor scanner={scanner} onClose={onClose} />), mayNot('update')),
    deleteItem(() => open((onClose) => <DeleteScanner scanner={scanner} onClose={onClose} />), mayNot('delete')),
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
    textColumn('address', words().address, ({ url }) => url),
    {
      name: 'state',
      title: words().state,
      cell: ({ disabled }) =>
        disabled ? <Badge tone="warn">{words().disabled}</Badge> : <Badge tone="good">{words().enabled}</Badge>,
    },
    timeColumn('data', words().dataDate, (one) => one.database_time, { hideBelow: 'small' }),
    {
      name: 'auth',
      title: words().credential,
      hideBelow: 'medium',
      cell: ({ auth }) => words().auths[auth] ?? auth,
    },
    timeColumn('created', words().created, (one) => one.create_time, { hideBelow: 'medium' }),
  ]
}

import { useState } from 'preact/hooks'
import type { AnswerOf } from '../../../../api/operation.ts'
import { deleteTrustRoot, listTrustRoots } from '../../../../api/signatures.ts'
import { send } from '../../lib/api.ts'
import { forget, useApi } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { showCount } from '../../lib/show.ts'
import { Button } from '../../ui/button.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import type { Column } from '../../ui/grid.tsx'
import { PageHeader } from '../../ui/header.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { ImportDialog } from './import-dialog.tsx'
import { words } from './words.ts'

type Root = AnswerOf<typeof listTrustRoots>[number]
type Asked = { what: 'import'; name?: string } | { what: 'delete'; root: Root } | undefined

/** The trusted roots of Sigstore that were imported. */
export default function TrustRoots() {
  const [asked, setAsked] = useState<Asked>(undefined)
  const close = () => setAsked(undefined)
  const { data, error, refresh } = useApi(listTrustRoots, {})
  const add = canInSystem('configuration', 'update') && (
    <Button tone="main" icon="add" onClick={() => setAsked({ what: 'import' })}>
      {words().add}
    </Button>
  )
  return (
    <>
      <PageHeader title={words().title} about={words().about} actions={add} />
      {error && !data && <ErrorState error={error} onRetry={refresh} />}
      {!data && !error && <div class="page-loading" aria-busy="true" />}
      {data && (
        <PlainTable
          label={words().title}
          columns={columnsOf()}
          rows={data}
          keyOf={({ name }) => name}
          rowActions={(root) => actionsOf(root, setAsked)}
          empty={
            <EmptyState icon="key" title={words().none} commands="marina trust import-root sigstore trusted_root.json">
              {words().noneHint}
            </EmptyState>
          }
        />
      )}
      {asked?.what === 'import' && <ImportDialog {...asked} onClose={close} />}
      {asked?.what === 'delete' && <DeleteRoot root={asked.root} onClose={close} />}
    </>
  )
}

function DeleteRoot({ root: { name }, onClose }: { root: Root; onClose(): void }) {
  return (
    <Confirm
      title={words().deleteTitle(name)}
      action={words().delete}
      onClose={onClose}
      run={async () => {
        await send(deleteTrustRoot, { params: { trust_root_name: name } })
        forget('/system/trust-roots')
        toast(words().gone(name))
      }}
    >
      <p>{words().deleteHint}</p>
    </Confirm>
  )
}

const actionsOf = (root: Root, ask: (asked: Asked) => void): MenuItem[] => [
  { label: words().again, icon: 'upload', run: () => ask({ what: 'import', name: root.name }) },
  {
    label: words().delete,
    icon: 'trash',
    isDanger: true,
    disabledBecause: root.projects > 0 ? words().inUse : undefined,
    run: () => ask({ what: 'delete', root }),
  },
]

const columnsOf = (): Column<Root>[] => [
  { name: 'name', title: words().name, cell: ({ name }) => <span class="name wrap-text">{name}</span> },
  {
    name: 'authorities',
    title: words().authorities,
    isNumber: true,
    hideBelow: 'small',
    cell: (one) => showCount(one.certificate_authorities),
  },
  {
    name: 'logs',
    title: words().logs,
    isNumber: true,
    hideBelow: 'small',
    cell: (one) => showCount(one.transparency_logs),
  },
  { name: 'projects', title: words().projects, cell: ({ projects }) => words().used(projects, showCount(projects)) },
  { name: 'changed', title: words().changed, hideBelow: 'medium', cell: ({ update_time: at }) => <TimeAgo at={at} /> },
]

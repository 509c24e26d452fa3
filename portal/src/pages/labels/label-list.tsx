import type { ComponentChildren } from 'preact'
import { deleteLabel, listLabels } from '../../../../api/labels.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { Confirm } from '../../ui/confirm.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import type { BulkAction } from '../../ui/grid-bulk.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { LabelChip } from '../../ui/label-chip.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { EditLabel } from './edit-label.tsx'
import type { Label } from './label.ts'
import { words } from './words.ts'

export type OpenLabel = { what: 'add' } | { what: 'edit' | 'delete'; label: Label } | undefined

type ListProps = {
  /** Whose labels: those of a project by its id, or without one the global ones. */
  projectId?: number
  mayChange: boolean
  open: OpenLabel
  onOpen(open: OpenLabel): void
  /** The button that makes a label. */
  add: ComponentChildren
}

/** Labels of a project or the global ones. */
export function LabelList({ projectId, mayChange, open, onOpen, add }: ListProps) {
  const scope = projectId === undefined ? { scope: 'g' } : { scope: 'p', project_id: projectId }
  const close = () => onOpen(undefined)
  return (
    <>
      <DataGrid
        label={words().title}
        operation={listLabels}
        call={{ query: scope }}
        columns={columnsOf()}
        keyOf={(label) => label.id}
        nameOf={(label) => label.name}
        filter={{ label: words().filter, toQuery: (name) => ({ name }) }}
        defaultSort="name"
        {...(mayChange ? actionsOf(onOpen) : {})}
        empty={
          <EmptyState icon="label" title={words().emptyTitle} action={add}>
            {projectId === undefined ? words().emptySystem : words().emptyProject}
          </EmptyState>
        }
      />
      {open?.what === 'add' && <EditLabel projectId={projectId} onClose={close} />}
      {open?.what === 'edit' && <EditLabel projectId={projectId} label={open.label} onClose={close} />}
      {open?.what === 'delete' && <DeleteLabel label={open.label} onClose={close} />}
    </>
  )
}

const drop = ({ id }: Label) => send(deleteLabel, { params: { label_id: id } })

function actionsOf(ask: (open: OpenLabel) => void) {
  return {
    rowActions: (label: Label): MenuItem[] => [
      { label: words().edit, icon: 'edit', run: () => ask({ what: 'edit', label }) },
      { label: common().delete, icon: 'trash', isDanger: true, run: () => ask({ what: 'delete', label }) },
    ],
    bulk: [
      {
        label: common().delete,
        icon: 'trash',
        isDanger: true,
        ask: (rows) => words().deleteMany(rows.length),
        run: async (label) => void (await drop(label)),
        onDone: () => forget('/labels'),
      },
    ] satisfies BulkAction<Label>[],
  }
}

function columnsOf(): Column<Label>[] {
  return [
    { name: 'name', title: words().name, sort: 'name', cell: (label) => <LabelChip {...label} /> },
    {
      name: 'description',
      title: words().description,
      hideBelow: 'small',
      cell: ({ description }) => <span class="wrap-text">{description}</span>,
    },
    {
      name: 'created',
      title: words().created,
      sort: 'creation_time',
      hideBelow: 'small',
      cell: ({ creation_time: at }) => <TimeAgo at={at} />,
    },
  ]
}

function DeleteLabel({ label, onClose }: { label: Label; onClose(): void }) {
  return (
    <Confirm
      title={words().deleteTitle(label.name)}
      action={common().delete}
      onClose={onClose}
      run={async () => {
        await drop(label)
        forget('/labels')
        toast(words().gone(label.name))
      }}
    >
      <p>{words().deleteHint}</p>
    </Confirm>
  )
}

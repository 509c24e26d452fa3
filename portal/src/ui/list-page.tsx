import type { ComponentChild, ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { Operation } from '../../../api/operation.ts'
import { Button } from './button.tsx'
import { EmptyState } from './empty.tsx'
import { DataGrid, type Column, type GridProps, type RowOf } from './grid.tsx'
import { PageHeader } from './header.tsx'
import type { IconName } from './icons.ts'
import type { MenuItem } from './menu.tsx'

/** What a dialog shows; it calls `onClose` when it is to be taken away. */
type Shown = (onClose: () => void) => ComponentChild
/** Opens a dialog in place of the one that is open. */
export type OpenDialog = (shown: Shown) => void

/** The one dialog of a page that is open: `open` is for buttons and menus, `dialog` stands in the page. */
export function useDialog(): { open: OpenDialog; dialog: ComponentChild } {
  const [shown, setShown] = useState<Shown | undefined>(undefined)
  return {
    open: (next) => setShown(() => next),
    dialog: shown?.(() => setShown(undefined)),
  }
}

type Create = {
  label: string
  /** Whether the caller has the right; without it the button is left out. */
  may: boolean
  disabledBecause?: string | undefined
  dialog: Shown
}

/** The main button of a list. */
export function CreateButton({ label, may, disabledBecause, dialog, open }: Create & { open: OpenDialog }) {
  if (!may) return null
  return (
    <Button tone="main" icon="add" disabledBecause={disabledBecause} onClick={() => open(dialog)}>
      {label}
    </Button>
  )
}

type ListPageProps<O extends Operation> = Omit<GridProps<O>, 'label' | 'columns' | 'rowActions' | 'empty'> & {
  /** Of the page, and what its rows are. */
  title: string
  about?: ComponentChildren
  create?: Create
  /** Buttons before the one that creates. */
  buttons?(open: OpenDialog): ComponentChildren
  columns(open: OpenDialog): Column<RowOf<O>>[]
  rowActions?(row: RowOf<O>, open: OpenDialog): MenuItem[]
  /** Stands there when there is nothing at all; the button that creates is added. */
  none: { icon: IconName; title: string; hint?: string; commands?: string; action?: ComponentChildren }
  /** Between the head and the list. */
  children?: ComponentChildren
}

/** A page that is a list: head, button to create, grid, empty state, and the dialogs that these open. */
export function ListPage<const O extends Operation>(props: ListPageProps<O>) {
  const { title, about, create, buttons, columns, rowActions, none, children, ...grid } = props
  const { open, dialog } = useDialog()
  const add = create?.may === true && <CreateButton {...create} open={open} />
  const { hint, action, ...empty } = none
  const first = create?.disabledBecause === undefined && add
  const whole = {
    ...grid,
    label: title,
    columns: columns(open),
    ...(rowActions && { rowActions: (row: RowOf<O>) => rowActions(row, open) }),
    empty: (
      <EmptyState {...empty} action={(action || first) && [action, first]}>
        {hint}
      </EmptyState>
    ),
  } as unknown as GridProps<O>
  const more = buttons?.(open)
  return (
    <>
      <PageHeader title={title} about={about} actions={(more || add) && [more, add]} />
      {children}
      <DataGrid<O> {...whole} />
      {dialog}
    </>
  )
}

/** The name of a row, which opens the row's editor for those who may change it. */
export const EditName = ({ name, edit }: { name: string; edit?: () => void }) =>
  edit ? (
    <button type="button" class="link-button" onClick={edit}>
      {name}
    </button>
  ) : (
    <span class="name">{name}</span>
  )

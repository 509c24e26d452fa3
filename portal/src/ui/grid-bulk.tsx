import { useRef, useState } from 'preact/hooks'
import { common } from '../i18n/common.ts'
import { ApiError } from '../lib/api.ts'
import { navigate } from '../lib/location.ts'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import type { IconName } from './icons.ts'

/** An action on selected rows: done one by one, each with its own result. */
export type BulkAction<Row> = {
  label: string
  icon?: IconName
  isDanger?: boolean
  /** The question: what will happen to these rows. */
  ask(rows: Row[]): string
  run(row: Row): Promise<void>
  /** After all of them, such as to ask for the list again. */
  onDone?(): void
}

/** A place to go to with the selected rows, such as a comparison of two. */
export type BulkLink<Row> = {
  label: string
  icon: IconName
  /** Undefined for a selection that it cannot take; `hint` then says what it needs. */
  linkOf(rows: Row[]): string | undefined
  hint: string
}

type BulkProps<Row> = {
  rows: Row[]
  nameOf(row: Row): string
  actions: BulkAction<Row>[]
  links: BulkLink<Row>[]
  onClear(): void
}

/** What can be done with the selected rows. */
export function BulkBar<Row>({ rows, nameOf, actions, links, onClear }: BulkProps<Row>) {
  const [asked, setAsked] = useState<BulkAction<Row> | undefined>(undefined)
  return (
    <div class="bulk" role="region" aria-label={common().selected(rows.length)}>
      <strong>{common().selected(rows.length)}</strong>
      {links.map(({ label, icon, linkOf, hint }) => {
        const to = linkOf(rows)
        return (
          <Button
            key={label}
            icon={icon}
            class="small"
            disabledBecause={to === undefined ? hint : undefined}
            onClick={() => to !== undefined && navigate(to)}
          >
            {label}
          </Button>
        )
      })}
      {actions.map((one) => (
        <Button
          key={one.label}
          icon={one.icon}
          tone={one.isDanger ? 'danger' : 'plain'}
          class="small"
          onClick={() => setAsked(one)}
        >
          {one.label}
        </Button>
      ))}
      <Button tone="quiet" class="small" onClick={onClear}>
        {common().clearSelection}
      </Button>
      {asked && (
        <BulkDialog rows={rows} nameOf={nameOf} action={asked} onClear={onClear} onClose={() => setAsked(undefined)} />
      )}
    </div>
  )
}

type Failure = { name: string; message: string }
type Progress = { done: number; failures: Failure[]; isRunning: boolean }
type BulkDialogProps<Row> = {
  rows: Row[]
  nameOf(row: Row): string
  action: BulkAction<Row>
  onClear(): void
  onClose(): void
}

function BulkDialog<Row>({ rows, nameOf, action, onClear, onClose }: BulkDialogProps<Row>) {
  const [state, setState] = useState<Progress | undefined>(undefined)
  // The selection goes away with the rows; the question is about these.
  const { current: all } = useRef(rows)
  const leave = () => {
    onClose()
    onClear()
  }
  const run = async () => {
    const failures = await runAll(all, nameOf, action, setState)
    action.onDone?.()
    if (failures.length === 0) leave()
  }
  const isRunning = state?.isRunning === true
  const isOver = state?.isRunning === false
  return (
    <Dialog
      title={action.label}
      onClose={isRunning ? () => {} : isOver ? leave : onClose}
      actions={
        <>
          <Button onClick={isOver ? leave : onClose}>{isOver ? common().close : common().cancel}</Button>
          {!isOver && (
            <Button tone={action.isDanger ? 'danger' : 'main'} isBusy={isRunning} onClick={() => void run()}>
              {action.label}
            </Button>
          )}
        </>
      }
    >
      <p>{action.ask(all)}</p>
      <Names names={all.map(nameOf)} />
      {state && <Result label={action.label} state={state} count={all.length} />}
    </Dialog>
  )
}

/** Runs the action on one row after the other; returns those that failed. */
async function runAll<Row>(
  rows: Row[],
  nameOf: (row: Row) => string,
  action: BulkAction<Row>,
  tell: (state: Progress) => void,
): Promise<Failure[]> {
  const failures: Failure[] = []
  for (const [index, row] of rows.entries()) {
    tell({ done: index, failures: [...failures], isRunning: true })
    try {
      await action.run(row)
    } catch (error) {
      failures.push({ name: nameOf(row), message: error instanceof ApiError ? error.message : String(error) })
    }
  }
  tell({ done: rows.length, failures, isRunning: false })
  return failures
}

/** Names that are listed before the rest becomes a number. */
const listed = 12

function Names({ names }: { names: string[] }) {
  return (
    <ul class="names">
      {names.slice(0, listed).map((name) => (
        <li key={name}>{name}</li>
      ))}
      {names.length > listed && <li>… +{names.length - listed}</li>}
    </ul>
  )
}

function Result({
  label,
  state: { done, failures, isRunning },
  count,
}: {
  label: string
  state: Progress
  count: number
}) {
  return (
    <>
      <div role="status">
        <progress max={count} value={done} aria-label={label} />
        <p>{common().doneRows(done - (isRunning ? 0 : failures.length), count)}</p>
      </div>
      {failures.length > 0 && (
        <div class="note bad">
          <div>
            <strong>{common().failedRows(failures.length)}</strong>
            <ul>
              {failures.map(({ name, message }) => (
                <li key={name}>
                  {name}: {message}
                </li>
              ))}
            </ul>
          </div>
        </div>
      )}
    </>
  )
}

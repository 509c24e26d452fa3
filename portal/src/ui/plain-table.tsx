import type { ComponentChildren } from 'preact'
import { common } from '../i18n/common.ts'
import type { Column } from './grid.tsx'
import { Menu, type MenuItem } from './menu.tsx'

type TableProps<Row> = {
  label: string
  columns: Column<Row>[]
  rows: readonly Row[]
  keyOf(row: Row): string | number
  nameOf?(row: Row): string
  rowActions?(row: Row): MenuItem[]
  /** In place of the rows when there are none. */
  empty?: ComponentChildren
}

/** A short list that is there as a whole, in the form of a grid. */
export function PlainTable<Row>({ label, columns, rows, keyOf, nameOf, rowActions, empty }: TableProps<Row>) {
  if (rows.length === 0 && empty !== undefined) return <>{empty}</>
  return (
    <div class="grid plain-table">
      <div class="table-frame">
        <table aria-label={label}>
          <thead>
            <tr>
              {columns.map((one) => (
                <th key={one.name} class={classOf(one)}>
                  {one.title === '' ? <span class="only-read">{common().actions}</span> : one.title}
                </th>
              ))}
              {rowActions && (
                <th class="tick">
                  <span class="only-read">{common().actions}</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={keyOf(row)}>
                {columns.map((one) => (
                  <td key={one.name} class={classOf(one)}>
                    {one.cell(row)}
                  </td>
                ))}
                {rowActions && (
                  <td class="tick">
                    <Menu label={`${common().actions}: ${nameOf?.(row) ?? keyOf(row)}`} items={rowActions(row)} />
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  )
}

const classOf = <Row,>({ isNumber, hideBelow }: Column<Row>): string =>
  [isNumber && 'number', hideBelow && `below-${hideBelow}`].filter(Boolean).join(' ')

type Act = { open(row: number): void; pick(row: number): void }

/** Keys inside a table: j and k go down and up, Enter opens, x selects, / goes to the filter. */
export function onGridKey(event: KeyboardEvent, table: HTMLTableElement, act: Act): void {
  const target = event.target as HTMLElement
  const isTyping = target.matches('input:not([type=checkbox]), textarea, select')
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return
  const rows = [...table.querySelectorAll<HTMLElement>('tr[data-row]')]
  const at = rows.findIndex((row) => row.contains(target))
  const work: Record<string, (() => void) | undefined> = {
    'j': () => rows[Math.min(at + 1, rows.length - 1)]?.focus(),
    'k': () => rows[Math.max(at - 1, 0)]?.focus(),
    'x': () => act.pick(at),
    '/': () => table.closest('.grid')?.querySelector<HTMLElement>('input[type=search]')?.focus(),
    // A link or a button in the row does its own work.
    'Enter': target.matches('tr') ? () => act.open(at) : undefined,
  }
  const wanted = work[event.key]
  if (!wanted) return
  event.preventDefault()
  wanted()
}

type Row<Id> = { id: Id; name: string }

type BoxesProps<Id> = {
  label: string
  rows: readonly Row<Id>[]
  chosen: readonly Id[]
  onChange(chosen: Id[]): void
  /** In place of the boxes when there are none. */
  empty?: string
}

/** A choice of several among few, side by side. */
export function Boxes<Id extends string | number>({ label, rows, chosen, onChange, empty }: BoxesProps<Id>) {
  const toggle = (id: Id) => onChange(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id])
  return (
    <fieldset class="boxes">
      <legend>{label}</legend>
      {rows.map(({ id, name }) => (
        <label key={id}>
          <input type="checkbox" checked={chosen.includes(id)} onChange={() => toggle(id)} />
          <span class="wrap-text">{name}</span>
        </label>
      ))}
      {rows.length === 0 && empty !== undefined && <p class="quiet-text">{empty}</p>}
    </fieldset>
  )
}

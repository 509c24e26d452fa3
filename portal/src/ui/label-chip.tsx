/** A label by its colour and name. `color` as the server has it; what is no colour shows none. */
export function LabelChip({ name, color }: { name: string; color: string }) {
  const isColor = /^#[0-9a-f]{3,8}$/i.test(color)
  return (
    <span class="label-chip">
      <span class="swatch" aria-hidden="true" {...(isColor && { style: { backgroundColor: color } })} />
      <span>{name}</span>
    </span>
  )
}

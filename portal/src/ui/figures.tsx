import type { ComponentChildren } from 'preact'

export type Figure = { label: string; value: ComponentChildren }

/** A few facts beside each other, each below its name. */
export function Figures({ figures }: { figures: Figure[] }) {
  return (
    <dl class="figures">
      {figures.map(({ label, value }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** Where one is in a dialog of several steps. */
export function Steps({ names, current, label }: { names: string[]; current: number; label: string }) {
  return (
    <ol class="wizard-steps" aria-label={label}>
      {names.map((name, index) => (
        <li key={name} aria-current={index === current ? 'step' : undefined} data-done={index < current || undefined}>
          <span aria-hidden="true">{index + 1}</span> {name}
        </li>
      ))}
    </ol>
  )
}

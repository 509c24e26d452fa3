import { Badge } from '../../ui/badge.tsx'
import { Select } from '../../ui/select.tsx'
import type { AnyItem } from './items.ts'
import type { Value } from './use-items.ts'
import { words } from './words.ts'

type FieldProps = {
  item: AnyItem
  value: Value | undefined
  /** The environment sets it, or something else forbids its change. */
  isFixed: boolean
  isOff: boolean
  onChange(value: Value): void
}

/** A setting with its label, and what follows from it. */
export function ItemField({ item, value, isFixed, isOff, onChange }: FieldProps) {
  const [label, hint] = words().items[item.name] ?? [item.name]
  const id = `setting-${item.name}`
  const tie = { id, 'disabled': isFixed || isOff, 'aria-describedby': `${id}-hint` }
  const note = item.kind === 'secret' ? words().secretHint : hint
  return (
    <div class={item.kind === 'flag' ? 'field check' : 'field'}>
      {item.kind === 'flag' && (
        <input
          {...tie}
          type="checkbox"
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      )}
      <label for={id}>
        {label} {isFixed && <Badge icon="lock">{words().fixed}</Badge>}
      </label>
      {item.kind !== 'flag' && <Input item={item} value={value} tie={tie} onChange={onChange} />}
      <p id={`${id}-hint`} class="hint">
        {note} {isFixed ? words().fixedHint : ''} <code class="quiet-text">{item.name}</code>
      </p>
    </div>
  )
}

type Tie = { id: string; disabled: boolean; 'aria-describedby': string }
type InputProps = { item: AnyItem; value: Value | undefined; tie: Tie; onChange(value: Value): void }

function Input({ item, value, tie, onChange }: InputProps) {
  const text = value === undefined ? '' : String(value)
  if (item.kind === 'choice') {
    const isNumber = typeof value === 'number'
    const options = item.values!.map((one) => ({ value: one, label: words().choices[one] ?? one }))
    return <Select {...tie} value={text} options={options} onPick={(one) => onChange(isNumber ? Number(one) : one)} />
  }
  if (item.kind === 'long')
    return <textarea {...tie} rows={3} value={text} onInput={(event) => onChange(event.currentTarget.value)} />
  if (item.kind === 'number') {
    return (
      <input
        {...tie}
        type="number"
        class="short"
        min={item.min}
        max={item.max}
        required
        value={text}
        onInput={(event) => event.currentTarget.validity.valid && onChange(event.currentTarget.valueAsNumber)}
      />
    )
  }
  // The types of inputs differ in what they take; these take the same.
  const kind = { type: item.kind === 'secret' ? 'password' : 'text' } as { type: 'text' }
  return (
    <input
      {...tie}
      {...kind}
      autocomplete={item.kind === 'secret' ? 'new-password' : 'off'}
      spellcheck={false}
      value={text}
      onInput={(event) => onChange(event.currentTarget.value)}
    />
  )
}

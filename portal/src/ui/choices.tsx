import type { ComponentChildren } from 'preact'
import { useId, useState } from 'preact/hooks'
import { Field } from './form.tsx'
import { Select } from './select.tsx'

type Choice<Value extends string> = { value: Value; label: string; hint?: string }

type SelectFieldProps<Value extends string> = {
  name: string
  label: string
  hint?: ComponentChildren
  options: readonly Choice<Value>[]
  /** Where it begins. */
  value: Value
  onPick?(value: Value): void
}

/** A choice of one among several, in a form. */
export function SelectField<Value extends string>({ value, options, onPick, ...field }: SelectFieldProps<Value>) {
  const [chosen, setChosen] = useState(value)
  return (
    <Field {...field}>
      {(tie) => (
        <Select
          {...tie}
          value={chosen}
          options={options}
          onPick={(one) => {
            setChosen(one)
            onPick?.(one)
          }}
        />
      )}
    </Field>
  )
}

type RadioProps<Value extends string> = {
  name: string
  label: string
  hint?: string
  options: readonly Choice<Value>[]
  value: Value
  onPick(value: Value): void
}

/** A choice of one among few, all of them in sight with what they mean. */
export function RadioCards<Value extends string>({ name, label, hint, options, value, onPick }: RadioProps<Value>) {
  const id = useId()
  return (
    <fieldset class="radio-cards">
      <legend>{label}</legend>
      {hint !== undefined && <p class="hint">{hint}</p>}
      <div>
        {options.map((one) => (
          <label key={one.value} class="radio-card" data-chosen={value === one.value || undefined}>
            <input
              type="radio"
              name={name}
              value={one.value}
              checked={value === one.value}
              aria-describedby={one.hint === undefined ? undefined : `${id}-${one.value}`}
              onChange={() => onPick(one.value)}
            />
            <span>{one.label}</span>
            {one.hint !== undefined && (
              <span id={`${id}-${one.value}`} class="hint">
                {one.hint}
              </span>
            )}
          </label>
        ))}
      </div>
    </fieldset>
  )
}

type SelectProps<Value extends string> = {
  'id'?: string
  'name'?: string
  'title'?: string
  'aria-label'?: string
  'aria-describedby'?: string | undefined
  'aria-invalid'?: boolean
  'required'?: boolean
  value: Value
  options: readonly { value: Value; label: string }[]
  onPick(value: Value): void
}

/** The browser's own choice of one. It needs a label: an `aria-label`, or a `<label>` by its id. */
export function Select<Value extends string>({ value, options, onPick, ...rest }: SelectProps<Value>) {
  return (
    <select {...rest} value={value} onChange={(event) => onPick(event.currentTarget.value as Value)}>
      {options.map((one) => (
        <option key={one.value} value={one.value} selected={one.value === value}>
          {one.label}
        </option>
      ))}
    </select>
  )
}

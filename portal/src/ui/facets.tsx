import { useEffect, useRef, useState } from 'preact/hooks'
import { changeQuery, query } from '../lib/location.ts'
import { Select } from './select.tsx'

/** How long typing must pause before the list follows, in ms. */
const pauseMs = 250

/** The value of a filter, as the address has it; '' for none. */
export const facetOf = (name: string): string => query.value.get(name) ?? ''

/** Sets a filter in the address, and goes back to the first page. */
const setFacet = (name: string, value: string): void =>
  changeQuery({ [name]: value, page: undefined, after: undefined, before: undefined })

type FacetProps = { name: string; label: string }

/** A filter by one of a few values. `any` is the word for no filter. */
export function SelectFacet({
  name,
  label,
  any,
  options,
}: FacetProps & { any: string; options: { value: string; label: string }[] }) {
  const value = facetOf(name)
  // An address may name a value that is no option any more; it stays visible.
  const isKnown = value === '' || options.some((one) => one.value === value)
  return (
    <Select
      aria-label={label}
      title={label}
      value={value}
      options={[{ value: '', label: any }, ...options, ...(isKnown ? [] : [{ value, label: value }])]}
      onPick={(one) => setFacet(name, one)}
    />
  )
}

/** A filter by a text. The address follows when typing pauses. */
export function TextFacet({ name, label }: FacetProps) {
  const value = facetOf(name)
  const [text, setText] = useState(value)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(() => {
    if (timer.current === undefined) setText(value)
  }, [value])
  useEffect(() => () => clearTimeout(timer.current), [])
  return (
    <input
      type="search"
      class="text-facet"
      aria-label={label}
      placeholder={label}
      spellcheck={false}
      autocomplete="off"
      value={text}
      onInput={(event) => {
        const typed = event.currentTarget.value
        setText(typed)
        clearTimeout(timer.current)
        timer.current = setTimeout(() => {
          timer.current = undefined
          setFacet(name, typed)
        }, pauseMs)
      }}
    />
  )
}

/** A filter by a day, as `2026-11-30`. */
export function DateFacet({ name, label }: FacetProps) {
  return (
    <label class="date-facet">
      <span>{label}</span>
      <input type="date" value={facetOf(name)} onChange={(event) => setFacet(name, event.currentTarget.value)} />
    </label>
  )
}

import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { common } from '../i18n/common.ts'
import type { Tie } from './form.tsx'

export type Option = { value: string; label: string; hint?: string }

type ComboboxProps = {
  label: string
  /** Finds options for what is typed; given up when more is typed. Rejections show as "nothing found". */
  find(text: string, signal: AbortSignal): Promise<Option[]>
  onPick(option: Option): void
  placeholder?: string
  /** The input is emptied after a choice: for adding one after the other. */
  clears?: boolean
  autofocus?: boolean
  name?: string
  /** What it begins with; while it is unchanged, all options are shown. */
  initial?: string
  /** What ties it to the label, hint and error of a `Field`. */
  tie?: Tie
}

/** How long typing must pause before the server is asked, in ms. */
const pauseMs = 150

/** An input with suggestions of the server (ARIA practices, combobox with list autocomplete). */
export function Combobox({ label, find, onPick, clears = false, initial = '', tie, ...input }: ComboboxProps) {
  const id = useId()
  const [text, setText] = useState(initial)
  const [isOpen, setOpen] = useState(false)
  // By its value: the list may change under what was chosen with the arrows.
  const [chosen, setChosen] = useState<string | undefined>(undefined)
  const options = useOptions(text === initial ? '' : text, find, isOpen)
  const at = options?.findIndex(({ value }) => value === chosen) ?? -1
  const setAt = (index: number) => setChosen(options?.[index]?.value)
  const pick = (option: Option) => {
    setText(clears ? '' : option.label)
    setOpen(false)
    setAt(-1)
    onPick(option)
  }
  return (
    <div class="combobox">
      <input
        {...tie}
        {...input}
        role="combobox"
        aria-label={tie ? undefined : label}
        aria-expanded={isOpen}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined}
        autocomplete="off"
        spellcheck={false}
        value={text}
        onFocus={(event) => {
          setOpen(true)
          event.currentTarget.select()
        }}
        onBlur={() => setOpen(false)}
        onInput={(event) => {
          setText(event.currentTarget.value)
          setOpen(true)
          setAt(-1)
        }}
        onKeyDown={(event) => onKey(event, { options: options ?? [], at, isOpen, setAt, setOpen, pick })}
      />
      <Suggestions id={id} label={label} options={isOpen ? options : undefined} at={at} pick={pick} />
    </div>
  )
}

type Keyed = {
  options: Option[]
  at: number
  isOpen: boolean
  setAt(at: number): void
  setOpen(isOpen: boolean): void
  pick(option: Option): void
}

function onKey(event: KeyboardEvent, { options, at, isOpen, setAt, setOpen, pick }: Keyed): void {
  const count = options.length
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault()
    setOpen(true)
    const next = event.key === 'ArrowDown' ? at + 1 : at < 0 ? count - 1 : at - 1 + count
    setAt(count === 0 ? -1 : next % count)
  } else if (event.key === 'Enter' && isOpen && options[at]) {
    event.preventDefault()
    pick(options[at])
  } else if (event.key === 'Escape' && isOpen) {
    // The first Escape closes the list, the next one the dialog around it.
    event.preventDefault()
    event.stopPropagation()
    setOpen(false)
  }
}

type SuggestionsProps = {
  id: string
  label: string
  options: Option[] | undefined
  at: number
  pick(option: Option): void
}

function Suggestions({ id, label, options, at, pick }: SuggestionsProps) {
  return (
    <ul id={`${id}-list`} role="listbox" aria-label={label} class="suggestions" hidden={options === undefined}>
      {options?.map((option, index) => (
        <li
          key={option.value}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === at}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => pick(option)}
        >
          <span>{option.label}</span>
          {option.hint !== undefined && <span class="quiet-text">{option.hint}</span>}
        </li>
      ))}
      {options?.length === 0 && (
        <li role="option" aria-selected="false" aria-disabled="true" class="quiet-text">
          {common().noOptions}
        </li>
      )}
    </ul>
  )
}

/** The options for a text; undefined until the first answer. */
function useOptions(text: string, find: ComboboxProps['find'], isOn: boolean): Option[] | undefined {
  const [options, setOptions] = useState<Option[] | undefined>(undefined)
  const latest = useRef(find)
  latest.current = find
  useEffect(() => {
    if (!isOn) return undefined
    const run = new AbortController()
    const timer = setTimeout(() => {
      latest.current(text, run.signal).then(
        (found) => run.signal.aborted || setOptions(found),
        () => run.signal.aborted || setOptions([]),
      )
    }, pauseMs)
    return () => {
      clearTimeout(timer)
      run.abort()
    }
  }, [text, isOn])
  return options
}

import { useEffect, useRef, useState } from 'preact/hooks'
import { common } from '../i18n/common.ts'
import type { Found } from '../lib/query.ts'
import { showCount } from '../lib/show.ts'
import { gridSizes, type GridState } from './grid-state.ts'
import { Icon } from './icon.tsx'
import { Link } from './link.tsx'
import { Select } from './select.tsx'

/** How long typing must pause before the list follows, in ms. */
const pauseMs = 200

/** The filter of a grid. The address follows when typing pauses. */
export function GridFilter({ label, state }: { label: string; state: GridState }) {
  const [text, setText] = useState(state.filter)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(() => {
    // While somebody types, what they type counts.
    if (timer.current === undefined) setText(state.filter)
  }, [state.filter])
  useEffect(() => () => clearTimeout(timer.current), [])
  const follow = (value: string, waitMs: number) => {
    setText(value)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => {
      timer.current = undefined
      state.change({ q: value })
    }, waitMs)
  }
  return (
    <label class="search-field">
      <Icon name="search" />
      <span class="only-read">{label}</span>
      <input
        type="search"
        value={text}
        placeholder={label}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => follow(event.currentTarget.value, pauseMs)}
        onKeyDown={(event) => event.key === 'Enter' && follow(text, 0)}
      />
    </label>
  )
}

type HeadProps = {
  column: { title: string; sort?: string; isNumber?: boolean; hideBelow?: string }
  state: GridState
}

/** A column's title; with a button where the API can sort by it. */
export function SortableHead({ column: { title, sort, isNumber, hideBelow }, state }: HeadProps) {
  const name = [isNumber && 'number', hideBelow && `below-${hideBelow}`].filter(Boolean).join(' ')
  if (sort === undefined) return <th class={name}>{title}</th>
  const order = state.sort === sort ? 'ascending' : state.sort === `-${sort}` ? 'descending' : undefined
  const next = order === undefined ? (isNumber ? `-${sort}` : sort) : order === 'ascending' ? `-${sort}` : sort
  return (
    <th class={name} aria-sort={order ?? 'none'}>
      <button type="button" class="sort" title={common().sortBy(title)} onClick={() => state.change({ sort: next })}>
        {title}
        <span class={`arrow ${order ?? ''}`} aria-hidden="true">
          <Icon name="chevronDown" size={13} />
        </span>
      </button>
    </th>
  )
}

/** Which rows are shown of how many, and the way to the pages beside. */
export function Pager({ state, found }: { state: GridState; found: Found<unknown[]> }) {
  const { total, links, data } = found
  const rows = data?.length ?? 0
  const first = (state.page - 1) * state.size + 1
  const isWhole = !links.prev && !links.next && state.page === 1
  return (
    <div class="pager">
      <span>
        {total !== undefined &&
          rows > 0 &&
          common().pageRange(showCount(first), showCount(first + rows - 1), showCount(total))}
      </span>
      {!(isWhole && rows <= gridSizes[0]!) && (
        <Select
          aria-label={common().perPage}
          title={common().perPage}
          value={String(state.size)}
          options={gridSizes.map((one) => ({ value: String(one), label: String(one) }))}
          onPick={(size) => state.change({ size })}
        />
      )}
      {!isWhole && (
        <nav aria-label={common().nextPage}>
          <Step paging={links.prev} label={common().previousPage} icon="chevronLeft" state={state} />
          <Step paging={links.next} label={common().nextPage} icon="chevronRight" state={state} />
        </nav>
      )}
    </div>
  )
}

type StepProps = {
  paging: Record<string, string> | undefined
  label: string
  icon: 'chevronLeft' | 'chevronRight'
  state: GridState
}

function Step({ paging, label, icon, state }: StepProps) {
  if (!paging) {
    return (
      <span class="button quiet icon-alone" aria-disabled="true">
        <Icon name={icon} />
      </span>
    )
  }
  return (
    <Link class="button quiet icon-alone" to={state.pageLink(paging)} label={label} title={label}>
      <Icon name={icon} />
    </Link>
  )
}

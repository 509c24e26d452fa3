import type { ComponentChildren } from 'preact'
import { useId, useRef, useState } from 'preact/hooks'
import { hrefOf } from '../lib/location.ts'
import { Icon } from './icon.tsx'
import type { IconName } from './icons.ts'

export type MenuItem = {
  label: string
  icon?: IconName
  /** A place to go to, or work to do. */
  to?: string
  run?(): void
  isDanger?: boolean
  /** Of a choice: whether this is the chosen one. */
  isChosen?: boolean
  disabledBecause?: string | undefined
}

type MenuProps = {
  /** What the button is called. */
  label: string
  /** What it shows; by default three dots. */
  children?: ComponentChildren
  items: (MenuItem | 'line')[]
  class?: string
}

/** A button that opens a menu (ARIA practices, menu button): arrows, Home, End, first letters, Escape. */
export function Menu({ label, children, items, class: name = 'button quiet icon-alone' }: MenuProps) {
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const close = () => list.current?.hidePopover()
  const [isOpen, setOpen] = useState(false)
  const open = (at: 'first' | 'last') => {
    list.current?.showPopover()
    placeBeside(button.current!, list.current!)
    const all = itemsOf(list.current)
    all.at(at === 'first' ? 0 : -1)?.focus()
  }
  return (
    <>
      <button
        ref={button}
        type="button"
        class={name}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => (list.current?.matches(':popover-open') ? close() : open('first'))}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
          event.preventDefault()
          open(event.key === 'ArrowDown' ? 'first' : 'last')
        }}
      >
        {children ?? <Icon name="more" />}
      </button>
      <div
        ref={list}
        id={id}
        class="menu"
        role="menu"
        aria-label={label}
        popover="auto"
        onToggle={(event) => setOpen(event.newState === 'open')}
        onKeyDown={(event) => {
          if (event.key === 'Tab') close()
          else if (walk(event.key, itemsOf(list.current))) event.preventDefault()
        }}
      >
        <Items items={items} close={close} />
      </div>
    </>
  )
}

function Items({ items, close }: { items: MenuProps['items']; close(): void }) {
  return items.map((item, index) =>
    item === 'line' ? <hr key={index} /> : <Item key={item.label} item={item} close={close} />,
  )
}

function Item({ item, close }: { item: MenuItem; close(): void }) {
  const { label, icon, to, run, isDanger = false, isChosen, disabledBecause } = item
  const shown = (
    <>
      <span class="menu-icon">{isChosen ? <Icon name="check" /> : icon && <Icon name={icon} />}</span>
      {label}
    </>
  )
  if (to !== undefined) {
    return (
      <a role="menuitem" tabIndex={-1} href={hrefOf(to)} onClick={close}>
        {shown}
      </a>
    )
  }
  const role =
    isChosen === undefined
      ? { role: 'menuitem' as const }
      : { 'role': 'menuitemradio' as const, 'aria-checked': isChosen }
  return (
    <button
      type="button"
      {...role}
      tabIndex={-1}
      class={isDanger ? 'danger' : undefined}
      aria-disabled={disabledBecause !== undefined || undefined}
      title={disabledBecause}
      onClick={() => {
        if (disabledBecause !== undefined) return
        close()
        run?.()
      }}
    >
      {shown}
    </button>
  )
}

const itemsOf = (list: HTMLElement | null) => [...(list?.querySelectorAll<HTMLElement>('[role^="menuitem"]') ?? [])]

/** Moves the focus as the key says; false for a key that is not the menu's. */
function walk(key: string, all: HTMLElement[]): boolean {
  const at = all.indexOf(document.activeElement as HTMLElement)
  const byKey: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }
  const target = byKey[key]
  if (target !== undefined) {
    all.at(target % all.length)?.focus()
    return true
  }
  if (key.length !== 1 || key === ' ') return false
  const after = [...all.slice(at + 1), ...all.slice(0, at + 1)]
  after.find((one) => one.textContent.trim().toLowerCase().startsWith(key.toLowerCase()))?.focus()
  return true
}

/** Below the button, or above it where there is no room; inside the window. */
export function placeBeside(anchor: HTMLElement, floating: HTMLElement): void {
  const { left, right, top, bottom } = anchor.getBoundingClientRect()
  const { offsetWidth: width, offsetHeight: height } = floating
  const isRight = left + width > innerWidth - 8
  const x = Math.max(8, isRight ? right - width : left)
  const y = bottom + height + 8 > innerHeight && top > height ? top - height - 4 : bottom + 4
  floating.style.left = `${x}px`
  floating.style.top = `${y}px`
}

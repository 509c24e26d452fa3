import type { ComponentChildren } from 'preact'
import { useId, useRef } from 'preact/hooks'
import { placeBeside } from './menu.tsx'

/**
 * More about what it surrounds, on hover and focus. Never the only place of an information: touch screens do not show
 * it.
 */
export function Tooltip({ text, children }: { text: string; children: ComponentChildren }) {
  const id = useId()
  const anchor = useRef<HTMLSpanElement>(null)
  const tip = useRef<HTMLSpanElement>(null)
  const show = () => {
    if (tip.current?.matches(':popover-open') !== false) return
    tip.current.showPopover()
    placeBeside(anchor.current!, tip.current)
  }
  const hide = () => tip.current?.matches(':popover-open') && tip.current.hidePopover()
  return (
    <span class="tip-anchor">
      <span
        ref={anchor}
        tabIndex={0}
        aria-describedby={id}
        onMouseEnter={show}
        onMouseLeave={hide}
        onFocusIn={show}
        onFocusOut={hide}
        onKeyDown={(event) => event.key === 'Escape' && hide()}
      >
        {children}
      </span>
      <span ref={tip} id={id} role="tooltip" popover="manual" class="tip">
        {text}
      </span>
    </span>
  )
}

import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { common } from '../i18n/common.ts'
import { Button } from './button.tsx'

type DialogProps = {
  title: string
  onClose(): void
  /** Buttons at the bottom, the main one last. */
  actions?: ComponentChildren
  /** `drawer`: at the side, for what one reads beside the page; `top`: what grows below it has room. */
  shape?: 'dialog' | 'wide' | 'drawer' | 'top'
  children: ComponentChildren
}

/**
 * A modal dialog by the browser's own `<dialog>`: it keeps the focus, ends with Escape, and gives the focus back. Shown
 * while it is rendered.
 */
export function Dialog({ title, onClose, actions, shape = 'dialog', children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    const before = document.activeElement
    const element = dialog.current!
    if (!element.open) element.showModal()
    return () => {
      element.close()
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return (
    <dialog
      ref={dialog}
      class={`dialog ${shape}`}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div class="dialog-frame">
        <div class="dialog-head">
          <h2 id={id}>{title}</h2>
          <Button tone="quiet" icon="close" aria-label={common().close} onClick={onClose} />
        </div>
        <div class="dialog-body">{children}</div>
        {actions && <div class="dialog-foot">{actions}</div>}
      </div>
    </dialog>
  )
}

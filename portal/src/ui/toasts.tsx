import { signal } from '@preact/signals'
import { useEffect, useState } from 'preact/hooks'
import { common } from '../i18n/common.ts'
import { Button } from './button.tsx'
import { Icon } from './icon.tsx'

type Act = { label: string; run(): void }
type Toast = { id: number; text: string; isBad: boolean; act: Act | undefined }

/** A toast stays for so long, in ms; longer while it is pointed at or holds the focus. */
const stayMs = 6000
const toasts = signal<Toast[]>([])
let count = 0

type Options = { undo?: () => void; act?: Act; isBad?: boolean }

/** Tells what has just been done. `undo`: how to take it back; `act`: what to do next; `isBad`: it did not work. */
export function toast(text: string, { undo, act, isBad = false }: Options = {}): void {
  const offered = undo ? { label: common().undo, run: undo } : act
  toasts.value = [...toasts.value.slice(-3), { id: count++, text, isBad, act: offered }]
}

const dismiss = (id: number) => {
  toasts.value = toasts.value.filter((one) => one.id !== id)
}

/** Where toasts appear; once in the shell. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((one) => (
        <OneToast key={one.id} {...one} />
      ))}
    </div>
  )
}

function OneToast({ id, text, isBad, act }: Toast) {
  const [isHeld, setHeld] = useState(false)
  useEffect(() => {
    if (isHeld) return undefined
    const timer = setTimeout(() => dismiss(id), stayMs)
    return () => clearTimeout(timer)
  }, [id, isHeld])
  const hold = { onMouseEnter: () => setHeld(true), onMouseLeave: () => setHeld(false) }
  return (
    <div
      class={isBad ? 'toast bad' : 'toast'}
      {...hold}
      onFocusIn={() => setHeld(true)}
      onFocusOut={() => setHeld(false)}
    >
      <Icon name={isBad ? 'alert' : 'check'} />
      <span>{text}</span>
      {act && (
        <Button
          tone="quiet"
          class="small"
          onClick={() => {
            dismiss(id)
            act.run()
          }}
        >
          {act.label}
        </Button>
      )}
      <Button tone="quiet" class="small" icon="close" aria-label={common().close} onClick={() => dismiss(id)} />
    </div>
  )
}

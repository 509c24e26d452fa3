import type { ButtonHTMLAttributes, ComponentChildren, Ref } from 'preact'
import { Icon } from './icon.tsx'
import type { IconName } from './icons.ts'

type ButtonProps = Omit<ButtonHTMLAttributes, 'class' | 'icon' | 'ref'> & {
  class?: string
  /** `main`: the one action of a page or dialog; `quiet`: without a frame; `danger`: it destroys. */
  tone?: 'main' | 'plain' | 'quiet' | 'danger'
  icon?: IconName
  /** Shows that the work runs, and takes no clicks meanwhile. */
  isBusy?: boolean
  /** Why it cannot be used now: it stays visible and says so. */
  disabledBecause?: string | undefined
  buttonRef?: Ref<HTMLButtonElement>
  children?: ComponentChildren
}

/** A button. One that shows an icon alone needs an `aria-label`, which is also its tooltip. */
export function Button({
  tone = 'plain',
  icon,
  isBusy = false,
  disabledBecause,
  buttonRef,
  children,
  onClick,
  type = 'button',
  title,
  ...rest
}: ButtonProps) {
  const isOff = isBusy || disabledBecause !== undefined
  const names = ['button', tone, children === undefined && 'icon-alone', rest.class]
  return (
    <button
      {...rest}
      ref={buttonRef ?? null}
      type={type}
      class={names.filter(Boolean).join(' ')}
      title={disabledBecause ?? title ?? (children === undefined ? rest['aria-label'] : undefined)}
      aria-disabled={isOff || undefined}
      aria-busy={isBusy || undefined}
      onClick={(event) => {
        if (isOff) event.preventDefault()
        else onClick?.(event)
      }}
    >
      {isBusy ? <span class="spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children !== undefined && <span>{children}</span>}
    </button>
  )
}

import type { ComponentChildren } from 'preact'
import { Icon } from './icon.tsx'
import type { IconName } from './icons.ts'

type BadgeProps = { tone?: 'plain' | 'good' | 'warn' | 'bad' | 'info'; icon?: IconName; children: ComponentChildren }

/** A short state beside a name. Its words say what its colour says. */
export function Badge({ tone = 'plain', icon, children }: BadgeProps) {
  return (
    <span class={`badge ${tone}`}>
      {icon && <Icon name={icon} size={13} />}
      {children}
    </span>
  )
}

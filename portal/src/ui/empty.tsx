import type { ComponentChildren } from 'preact'
import { CodeView } from './code.tsx'
import { Icon } from './icon.tsx'
import type { IconName } from './icons.ts'

type EmptyProps = {
  icon: IconName
  title: string
  /** What this is, and what to do first. */
  children?: ComponentChildren
  /** Commands that do it, with the right host and names, one a line. */
  commands?: string
  action?: ComponentChildren
}

/** In place of an empty list: what would be here, and how it gets here. */
export function EmptyState({ icon, title, children, commands, action }: EmptyProps) {
  return (
    <div class="state">
      <Icon name={icon} size={28} />
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {commands !== undefined && <CodeView text={commands} label={title} />}
      {action && <div class="row">{action}</div>}
    </div>
  )
}

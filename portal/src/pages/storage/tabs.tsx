import { canInSystem } from '../../lib/session.ts'
import { Tabs } from '../../ui/tabs.tsx'
import { words } from './words.ts'

/** The way down to these pages, for those who may go up. */
export const storagePath = () =>
  canInSystem('system-volumes', 'read') ? [{ to: '/storage', label: words().title }] : []

/** The pages about what is stored, that the caller may open. */
export function StorageTabs({ current }: { current: string }) {
  const all = [
    ...(canInSystem('system-volumes', 'read') ? [{ to: '/storage', label: words().usage }] : []),
    { to: '/storage/unused', label: words().unused },
    { to: '/storage/running', label: words().running },
  ]
  return <Tabs label={words().title} tabs={all.map((one) => ({ ...one, isCurrent: one.to === current }))} />
}

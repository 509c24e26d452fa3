import { Link } from './link.tsx'

type Tab = { to: string; label: string; count?: string | undefined; isCurrent: boolean }

/** Tabs are links, so that each has an address. */
export function Tabs({ label, tabs }: { label: string; tabs: Tab[] }) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map(({ to, label: name, count, isCurrent }) => (
        <Link key={to} to={to} current={isCurrent}>
          {name}
          {count !== undefined && <span class="count">{count}</span>}
        </Link>
      ))}
    </nav>
  )
}

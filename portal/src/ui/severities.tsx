import { severityWords } from '../i18n/severity.ts'
import { showCount } from '../lib/show.ts'
import { Badge } from './badge.tsx'

/** How severe a vulnerability can be, the worst first; as Harbor's API writes it. */
export const severities = ['Critical', 'High', 'Medium', 'Low', 'Negligible', 'None', 'Unknown'] as const

const tones: Record<string, 'bad' | 'warn' | 'info' | undefined> = {
  Critical: 'bad',
  High: 'bad',
  Medium: 'warn',
  Low: 'info',
}

/** A severity as a word. */
export function Severity({ of }: { of: string }) {
  return <Badge tone={tones[of] ?? 'plain'}>{severityWords().names[of] ?? of}</Badge>
}

/** How many vulnerabilities there are of each severity: a bar, and its numbers as a list. */
export function SeverityBar({ counts }: { counts: Readonly<Record<string, number | undefined>> }) {
  const shown = severities.flatMap((name) => {
    const count = counts[name] ?? 0
    return count > 0 ? [{ name, count }] : []
  })
  const whole = shown.reduce((sum, { count }) => sum + count, 0)
  if (whole === 0) return null
  return (
    <figure class="bar severities" aria-label={severityWords().counts}>
      <div class="bar-track" aria-hidden="true">
        {shown.map(({ name, count }) => (
          <span key={name} class={`of-${name.toLowerCase()}`} style={{ inlineSize: `${(count / whole) * 100}%` }} />
        ))}
      </div>
      <ul>
        {shown.map(({ name, count }) => (
          <li key={name}>
            <span class={`dot of-${name.toLowerCase()}`} aria-hidden="true" /> {severityWords().names[name]}{' '}
            <strong>{showCount(count)}</strong>
          </li>
        ))}
      </ul>
    </figure>
  )
}

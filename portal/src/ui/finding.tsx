import type { ComponentChildren } from 'preact'
import { severityWords } from '../i18n/severity.ts'
import { Dialog } from './dialog.tsx'
import { Severity } from './severities.tsx'

/** The version that has no such vulnerability any more. */
export function FixedIn({ version }: { version: string | undefined }) {
  return version ? <code>{version}</code> : <span class="quiet-text">{severityWords().noFix}</span>
}

type DrawerProps = {
  finding: {
    id: string
    severity: string
    score: number | undefined
    package: string
    version: string
    fixed: string | undefined
    description: string
    links: readonly string[]
  }
  /** More rows of the facts, as `<dt>` and `<dd>`. */
  children?: ComponentChildren
  actions?: ComponentChildren
  onClose(): void
}

/** All that is known of one vulnerability of a package. */
export function FindingDrawer({ finding, children, actions, onClose }: DrawerProps) {
  const words = severityWords()
  return (
    <Dialog title={finding.id} shape="drawer" onClose={onClose} actions={actions}>
      <dl class="facts">
        <dt>{words.severity}</dt>
        <dd class="row">
          <Severity of={finding.severity} /> {finding.score !== undefined && `${words.score} ${finding.score}`}
        </dd>
        <dt>{words.package}</dt>
        <dd>
          {finding.package} <code>{finding.version}</code>
        </dd>
        <dt>{words.fixed}</dt>
        <dd>
          <FixedIn version={finding.fixed} />
        </dd>
        {children}
      </dl>
      {finding.description !== '' && <p class="wrap-text">{finding.description}</p>}
      <Sources links={finding.links} />
    </Dialog>
  )
}

/** Pages elsewhere about a vulnerability. What a scanner writes is no link before it is an address of the web. */
function Sources({ links }: { links: readonly string[] }) {
  const safe = links.filter((one) => /^https?:\/\//.test(one))
  if (safe.length === 0) return null
  return (
    <>
      <h3>{severityWords().more}</h3>
      <ul class="plain-list">
        {safe.map((one) => (
          <li key={one}>
            <a href={one} rel="noopener noreferrer nofollow" target="_blank" class="wrap-text">
              {one}
            </a>
          </li>
        ))}
      </ul>
    </>
  )
}

import type { ComponentChildren } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { getAddition } from '../../../../api/artifacts.ts'
import { getSystemCVEAllowlist } from '../../../../api/cve-allowlist.ts'
import { severityWords } from '../../i18n/severity.ts'
import { now } from '../../lib/clock.ts'
import { useApi } from '../../lib/query.ts'
import { user } from '../../lib/session.ts'
import { showCount } from '../../lib/show.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { facetOf, SelectFacet, TextFacet } from '../../ui/facets.tsx'
import { FindingDrawer, FixedIn } from '../../ui/finding.tsx'
import type { Column } from '../../ui/grid.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { severities, Severity } from '../../ui/severities.tsx'
import { Except } from './except.tsx'
import { chooseFindings, exceptedBy, findingsOf, type Finding } from './findings.ts'
import type { InArtifact } from './in-artifact.ts'
import { vulnerabilityWords as words } from './vulnerability-words.ts'

/** Rows that are added at a time. */
const step = 100

type ListProps = InArtifact & {
  digest: string
  /** When the report was finished: a newer one is asked for anew. */
  at: string | undefined
}

/** The findings of the image's report, the worst first. */
export function Findings({ at, ...here }: ListProps) {
  const { project, repository, digest } = here
  const params = {
    project_name: project.name,
    repository_name: repository,
    reference: digest,
    addition: 'vulnerabilities',
  }
  const found = useApi(getAddition, { params })
  const all = useMemo(() => findingsOf(found.data), [found.data, at])
  if (found.error && found.data === undefined) return <ErrorState error={found.error} onRetry={found.refresh} />
  if (found.data === undefined) return <div class="page-loading" aria-busy="true" />
  return <Table {...here} all={all} />
}

/** What the allowlist that holds for the project excepts: its own, or that of the system. */
function useExcepted({ project }: InArtifact): { ids: ReadonlySet<string>; isOwn: boolean } {
  const isOwn = project.metadata.reuse_sys_cve_allowlist === 'false'
  const { data: system } = useApi(getSystemCVEAllowlist, {}, { isOn: !isOwn && user.value !== undefined })
  const list = isOwn ? project.cve_allowlist : system
  return { ids: list ? exceptedBy(list, now.value) : new Set(), isOwn }
}

function Table({ all, ...here }: InArtifact & { all: Finding[] }) {
  const [most, setMost] = useState(step)
  const [shown, setShown] = useState<Finding | undefined>(undefined)
  const excepted = useExcepted(here)
  const wanted = { text: facetOf('q'), severity: facetOf('severity'), fixableOnly: facetOf('fix') === 'fixable' }
  const chosen = chooseFindings(all, wanted)
  return (
    <>
      <Facets>
        <span class="quiet-text" role="status">
          {words().count(showCount(chosen.length), showCount(all.length))}
        </span>
      </Facets>
      <PlainTable
        label={words().title}
        columns={columnsOf(excepted.ids, setShown)}
        rows={chosen.slice(0, most)}
        keyOf={(one) => `${one.id} ${one.package} ${one.version}`}
        empty={<p class="quiet-text">{words().noMatch}</p>}
      />
      {chosen.length > most && (
        <div class="row">
          <Button onClick={() => setMost(most + step)}>{words().more}</Button>
        </div>
      )}
      {shown && <Shown {...here} finding={shown} excepted={excepted} onClose={() => setShown(undefined)} />}
    </>
  )
}

function Facets({ children }: { children: ComponentChildren }) {
  const named = severityWords()
  return (
    <div class="toolbar" role="search" aria-label={words().title}>
      <TextFacet name="q" label={words().filter} />
      <SelectFacet
        name="severity"
        label={named.severity}
        any={named.any}
        options={severities.map((value) => ({ value, label: named.names[value]! }))}
      />
      <SelectFacet
        name="fix"
        label={words().fix}
        any={words().all}
        options={[{ value: 'fixable', label: words().onlyFixable }]}
      />
      {children}
    </div>
  )
}

type ShownProps = InArtifact & { finding: Finding; excepted: ReturnType<typeof useExcepted>; onClose(): void }

function Shown({ finding, excepted, onClose, ...here }: ShownProps) {
  const [isAsked, setAsked] = useState(false)
  const mayExcept = here.can('project', 'update') && !excepted.ids.has(finding.id)
  if (isAsked) return <Except project={here.project} id={finding.id} onClose={onClose} />
  return (
    <FindingDrawer
      finding={finding}
      onClose={onClose}
      actions={
        mayExcept && (
          <Button
            icon="shield"
            disabledBecause={excepted.isOwn ? undefined : words().ofSystem}
            onClick={() => setAsked(true)}
          >
            {words().except}
          </Button>
        )
      }
    />
  )
}

function columnsOf(excepted: ReadonlySet<string>, look: (one: Finding) => void): Column<Finding>[] {
  const named = severityWords()
  return [
    {
      name: 'id',
      title: named.cve,
      cell: (one) => (
        <span class="row">
          <button type="button" class="link-button" onClick={() => look(one)}>
            {one.id}
          </button>
          {excepted.has(one.id) && (
            <span title={words().exceptedHint}>
              <Badge icon="shield">{words().excepted}</Badge>
            </span>
          )}
        </span>
      ),
    },
    { name: 'severity', title: named.severity, cell: ({ severity }) => <Severity of={severity} /> },
    { name: 'score', title: named.score, isNumber: true, hideBelow: 'small', cell: ({ score }) => score ?? '–' },
    { name: 'package', title: named.package, cell: (one) => <span class="wrap-text">{one.package}</span> },
    { name: 'version', title: named.version, hideBelow: 'small', cell: ({ version }) => <code>{version}</code> },
    { name: 'fixed', title: named.fixed, cell: ({ fixed }) => <FixedIn version={fixed} /> },
  ]
}

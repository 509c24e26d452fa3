import { useState } from 'preact/hooks'
import { targetOf } from '../../../../api/client.ts'
import { downloadScanData, getScanDataExportExecutionList } from '../../../../api/cve-exports.ts'
import { downloadArtifactExport, listArtifactExports } from '../../../../api/exports.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { useLive } from '../../lib/live.ts'
import { base } from '../../lib/location.ts'
import { useApi } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import type { Column } from '../../ui/grid.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Icon } from '../../ui/icon.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { isGoingOn, RunState } from '../../ui/run.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { NewReport, type Kind } from './new-report.tsx'
import { words } from './words.ts'

type Report = AnswerOf<typeof listArtifactExports>['items'][number] & { kind: Kind }

/** How often reports that are being written are asked again, in ms. */
const writingMs = 3000

/** The reports that the caller has asked for. */
export default function Reports() {
  const [isNew, setNew] = useState(false)
  const { reports, error, refresh } = useReports()
  const add = (
    <Button tone="main" icon="add" onClick={() => setNew(true)}>
      {words().create}
    </Button>
  )
  return (
    <>
      <PageHeader title={words().title} about={words().about} actions={add} />
      {error && !reports && <ErrorState error={error} onRetry={refresh} />}
      <div aria-busy={!reports && !error}>
        {reports && (
          <PlainTable
            label={words().title}
            columns={columnsOf()}
            rows={reports}
            keyOf={({ kind, id }) => `${kind} ${id}`}
            empty={
              <EmptyState icon="file" title={words().none} action={add}>
                {words().noneHint}
              </EmptyState>
            }
          />
        )}
      </div>
      {isNew && <NewReport onClose={() => setNew(false)} />}
    </>
  )
}

/** Both kinds in one list, the newest first. Reports of all artifacts are for those who may read the catalog. */
function useReports() {
  const mayAll = canInSystem('catalog', 'read')
  const artifacts = useApi(listArtifactExports, {}, { isOn: mayAll })
  const cves = useApi(getScanDataExportExecutionList, {})
  const isKnown = cves.data !== undefined && (!mayAll || artifacts.data !== undefined)
  const reports: Report[] = [
    ...(artifacts.data?.items ?? []).map((one) => ({ ...one, kind: 'artifacts' as const })),
    ...(cves.data?.items ?? []).map((one) => ({ ...one, kind: 'cves' as const })),
  ].sort((a, b) => (a.start_time < b.start_time ? 1 : -1))
  const isWriting = reports.some(({ status }) => isGoingOn(status))
  useApi(listArtifactExports, {}, { isOn: mayAll && isWriting, everyMs: writingMs })
  useApi(getScanDataExportExecutionList, {}, { isOn: isWriting, everyMs: writingMs })
  useLive(['executions'], '/export')
  return { reports: isKnown ? reports : undefined, error: cves.error ?? artifacts.error, refresh: cves.refresh }
}

function columnsOf(): Column<Report>[] {
  return [
    {
      name: 'report',
      title: words().report,
      cell: ({ kind, id }) => <span class="name">{words().of[kind](String(id))}</span>,
    },
    {
      name: 'state',
      title: words().state,
      cell: ({ status, status_text: text }) => (
        <span class="row">
          <RunState state={status} /> {text !== '' && <span class="quiet-text wrap-text">{text}</span>}
        </span>
      ),
    },
    { name: 'asked', title: words().askedAt, cell: ({ start_time: at }) => <TimeAgo at={at} /> },
    { name: 'ready', title: words().ready, hideBelow: 'small', cell: ({ end_time: at }) => <TimeAgo at={at} /> },
    { name: 'file', title: words().file, cell: (one) => <File report={one} /> },
  ]
}

/** A link that the browser saves: the server drops the file once it is sent whole. */
function File({ report: { kind, id, file_present: isThere, status } }: { report: Report }) {
  if (!isThere) return <span class="quiet-text">{isGoingOn(status) ? '–' : words().gone}</span>
  const download = kind === 'artifacts' ? downloadArtifactExport : downloadScanData
  return (
    <a
      class="button small"
      download={`${kind}-${id}.csv`}
      href={`${base}api/v2.0${targetOf(download, { params: { execution_id: id } })}`}
      title={words().once}
      aria-label={words().downloadOf(String(id))}
    >
      <Icon name="download" /> {words().download}
    </a>
  )
}

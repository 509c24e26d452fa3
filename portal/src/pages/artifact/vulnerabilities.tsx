import type { ComponentChildren } from 'preact'
import { getArtifact } from '../../../../api/artifacts.ts'
import { getScannerOfProject } from '../../../../api/scanners.ts'
import { useLive } from '../../lib/live.ts'
import { useApi } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { showCount } from '../../lib/show.ts'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { Link } from '../../ui/link.tsx'
import { ErrorState, Problem } from '../../ui/problem.tsx'
import { isGoingOn, RunState } from '../../ui/run.tsx'
import { SeverityBar } from '../../ui/severities.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { Findings } from './finding-list.tsx'
import type { Artifact, InArtifact } from './in-artifact.ts'
import { chosenOf, ImageChoice, listPath, LookLog, partsOf, runningMs, useLook } from './look.tsx'
import { vulnerabilityWords as words } from './vulnerability-words.ts'

type Overview = NonNullable<Artifact['scan_overview']>[string]

/** What a scanner has found in the image; of an index, in all its images or in one. */
export function Vulnerabilities(here: InArtifact) {
  const images = [{ digest: here.artifact.digest, name: words().whole }, ...partsOf(here.artifact)]
  const { digest } = chosenOf(images)
  return (
    <section class="stack" aria-label={words().title}>
      <ImageChoice images={images} />
      <OfImage key={digest} {...here} digest={digest} />
    </section>
  )
}

function OfImage({ digest, ...here }: InArtifact & { digest: string }) {
  const { project, repository } = here
  const params = { project_name: project.name, repository_name: repository, reference: digest }
  const call = { params, query: { with_scan_overview: true } }
  const { data: image, error, refresh } = useApi(getArtifact, call)
  // One report: of the scanner that looked last.
  const overview: Overview | undefined = Object.values(image?.scan_overview ?? {})[0]
  const isRunning = isGoingOn(overview?.scan_status)
  useApi(getArtifact, call, { isOn: isRunning, everyMs: runningMs })
  useLive(['executions', 'artifacts'], listPath(here))
  if (!image)
    return error ? <ErrorState error={error} onRetry={refresh} /> : <div class="page-loading" aria-busy="true" />
  const hasReport = overview?.summary !== undefined
  return (
    <>
      <Work {...here} overview={overview} />
      {overview?.scan_status === 'Error' && <p class="note bad">{words().failed}</p>}
      {overview?.scan_status === 'Stopped' && <p class="note warn">{words().wasStopped}</p>}
      {hasReport && <Summary overview={overview} />}
      {hasReport && (overview.summary?.total ?? 0) > 0 && <Findings {...here} digest={digest} at={overview.end_time} />}
      {overview?.report_id !== undefined && (
        <LookLog params={{ ...params, report_id: overview.report_id }} isRunning={isRunning} isOpen={!hasReport} />
      )}
    </>
  )
}

function Summary({ overview: { summary } }: { overview: Overview }) {
  const { total = 0, fixable = 0, summary: counts = {} } = summary ?? {}
  if (total === 0) return <p class="note info">{words().clean}</p>
  return (
    <div>
      <p>
        <strong class="large">{words().total(showCount(total))}</strong>{' '}
        <span class="quiet-text">{words().fixable(fixable, showCount(fixable))}</span>
      </p>
      <SeverityBar counts={counts} />
    </div>
  )
}

type WorkProps = InArtifact & { overview: Overview | undefined }

/** How it stands with the scan, and what can be done about it. */
function Work({ overview, ...here }: WorkProps) {
  const { make, stop, error } = useLook(here, 'vulnerability', words())
  const { can } = here
  const isRunning = isGoingOn(overview?.scan_status)
  const scanButton = can('scan', 'create') && (
    <Button
      tone={overview ? 'plain' : 'main'}
      icon={overview ? 'refresh' : 'shield'}
      isBusy={make.isRunning}
      onClick={() => void make.run()}
    >
      {overview ? words().again : words().make}
    </Button>
  )
  const stopButton = can('scan', 'stop') && (
    <Button icon="stop" isBusy={stop.isRunning} onClick={() => void stop.run()}>
      {words().stop}
    </Button>
  )
  return (
    <>
      {error && <Problem error={error} />}
      {overview ? (
        <div class="row">
          <Facts overview={overview} />
          <span class="spring" />
          {isRunning ? stopButton : scanButton}
        </div>
      ) : (
        <NotScanned project={here.project.name} scan={scanButton} />
      )}
      {isRunning && <p role="status">{words().runs}</p>}
    </>
  )
}

/** When the image was scanned, and by what. */
function Facts({ overview: { scan_status: status = '', end_time: end, scanner } }: { overview: Overview }) {
  return (
    <>
      <RunState state={status} />
      {!isGoingOn(status) && (
        <span class="quiet-text">
          <TimeAgo at={end} />
          {scanner?.name !== undefined && ` · ${words().by} ${scanner.name} ${scanner.version ?? ''}`}
        </span>
      )}
    </>
  )
}

/** Nothing is known yet: what a scan does, or why there can be none. */
function NotScanned({ project, scan }: { project: string; scan: ComponentChildren }) {
  const { data: scanner } = useApi(getScannerOfProject, { params: { project_name_or_id: project } })
  if (scanner && !('uuid' in scanner && scanner.uuid))
    return (
      <EmptyState
        icon="shield"
        title={words().noScanner}
        action={canInSystem('scanner', 'list') && <Link to="/scanners">{words().toScanners}</Link>}
      >
        {words().noScannerHint}
      </EmptyState>
    )
  return (
    <EmptyState icon="shield" title={words().none} action={scan}>
      {words().noneHint} {!scan && words().mayNot}
    </EmptyState>
  )
}

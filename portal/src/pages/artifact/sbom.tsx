import { getArtifact } from '../../../../api/artifacts.ts'
import { getReportLog, scanArtifact, stopScanArtifact } from '../../../../api/scans.ts'
import { system } from '../../i18n/system.ts'
import { useAction } from '../../lib/action.ts'
import { send } from '../../lib/api.ts'
import { useLive } from '../../lib/live.ts'
import { changeQuery, query } from '../../lib/location.ts'
import { platformText } from '../../lib/platforms.ts'
import { forget, useApi } from '../../lib/query.ts'
import { showDuration } from '../../lib/show.ts'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { ErrorState, Problem } from '../../ui/problem.tsx'
import { isGoingOn, LogView, RunState } from '../../ui/run.tsx'
import { Select } from '../../ui/select.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import type { Artifact, InArtifact } from './in-artifact.ts'
import { Downloads, Packages } from './sbom-packages.tsx'
import { sbomWords } from './sbom-words.ts'

/** How often an image that is looked into is asked again, in ms, should the stream tell of nothing. */
const runningMs = 2000

/** What the image holds, by its SBOM; of an index, image by image. */
export function Sbom(here: InArtifact) {
  const images = imagesOf(here.artifact)
  const asked = query.value.get('platform')
  const image = images.find(({ digest }) => digest === asked) ?? images[0]!
  return (
    <section class="stack" aria-label={sbomWords().packages}>
      {images.length > 1 && (
        <label class="inline-choice">
          <span>{sbomWords().platform}</span>
          <Select
            value={image.digest}
            options={images.map(({ digest, name }) => ({ value: digest, label: name }))}
            onPick={(digest) => changeQuery({ platform: digest, kind: undefined, q: undefined })}
          />
        </label>
      )}
      <OfImage key={image.digest} {...here} digest={image.digest} />
    </section>
  )
}

/**
 * What can have an SBOM: an image itself; of an index its images, and the index where it has one. Attestations, which
 * buildkit puts beside the images, are none.
 */
function imagesOf({ digest, references, accessories = [] }: Artifact): { digest: string; name: string }[] {
  const parts = references.flatMap(({ child_digest: child, platform }) => {
    const name = platform && platformText(platform)
    return name === undefined ? [] : [{ digest: child, name }]
  })
  const hasOwn = parts.length === 0 || accessories.some(isSbom)
  return [...(hasOwn ? [{ digest, name: sbomWords().whole }] : []), ...parts]
}

const isSbom = ({ type }: { type: string }): boolean => type === 'sbom.harbor'

type OfImageProps = InArtifact & { digest: string }

function OfImage({ digest, ...here }: OfImageProps) {
  const { project, repository } = here
  const params = { project_name: project.name, repository_name: repository, reference: digest }
  const call = { params, query: { with_accessory: true, with_sbom_overview: true } }
  const { data: image, error, refresh } = useApi(getArtifact, call)
  const overview = image?.sbom_overview
  const isRunning = isGoingOn(overview?.scan_status)
  useApi(getArtifact, call, { isOn: isRunning, everyMs: runningMs })
  useLive(['executions', 'artifacts'], listPath(here))
  if (!image)
    return error ? <ErrorState error={error} onRetry={refresh} /> : <div class="page-loading" aria-busy="true" />
  const stored = image.accessories?.find(isSbom)
  const hasDocument = stored !== undefined || image.type === 'SBOM'
  return (
    <>
      <Work {...here} image={image} hasDocument={hasDocument} />
      {overview?.scan_status === 'Error' && <p class="note bad">{sbomWords().failed}</p>}
      {overview?.scan_status === 'Stopped' && <p class="note warn">{sbomWords().wasStopped}</p>}
      {hasDocument && <Packages {...here} digest={digest} size={stored?.size ?? image.size} />}
      {overview?.report_id !== undefined && (
        <Log params={{ ...params, report_id: overview.report_id }} isRunning={isRunning} isOpen={!hasDocument} />
      )}
    </>
  )
}

const listPath = ({ project, repository }: Pick<InArtifact, 'project' | 'repository'>): string =>
  `/projects/${project.name}/repositories/${encodeURIComponent(repository)}/artifacts`

/** Asks for SBOMs of the artifact that the page is about, of an index of all its images; stops what makes them. */
function useSbomActions(here: InArtifact) {
  const { project, repository, artifact } = here
  const params = { project_name: project.name, repository_name: repository, reference: artifact.digest }
  const act = (operation: typeof scanArtifact | typeof stopScanArtifact, said: string) => async () => {
    await send(operation as typeof scanArtifact, { params, body: { scan_type: 'sbom' } })
    forget(listPath(here))
    toast(said)
  }
  const make = useAction(act(scanArtifact, sbomWords().asked))
  const stop = useAction(act(stopScanArtifact, sbomWords().stopped))
  return { make, stop, error: make.error ?? stop.error }
}

type WorkProps = InArtifact & { image: Artifact; hasDocument: boolean }

/** How it stands with the SBOM, and what can be done about it. */
function Work({ image, hasDocument, ...here }: WorkProps) {
  const { make, stop, error } = useSbomActions(here)
  const { can, artifact } = here
  const overview = image.sbom_overview
  const isRunning = isGoingOn(overview?.scan_status)
  const word = hasDocument || overview ? 'again' : artifact.references.length > 0 ? 'makeAll' : 'make'
  const makeButton = can('sbom', 'create') && artifact.type === 'IMAGE' && (
    <Button
      tone={word === 'again' ? 'plain' : 'main'}
      icon={word === 'again' ? 'refresh' : 'play'}
      isBusy={make.isRunning}
      onClick={() => void make.run()}
    >
      {sbomWords()[word]}
    </Button>
  )
  const stopButton = can('sbom', 'stop') && (
    <Button icon="stop" isBusy={stop.isRunning} onClick={() => void stop.run()}>
      {sbomWords().stop}
    </Button>
  )
  if (!hasDocument && !overview)
    return (
      <>
        {error && <Problem error={error} />}
        <EmptyState icon="file" title={sbomWords().none} action={makeButton}>
          {sbomWords().noneHint} {!makeButton && sbomWords().mayNotMake}
        </EmptyState>
      </>
    )
  return (
    <>
      {error && <Problem error={error} />}
      <div class="row">
        <Facts overview={overview} />
        <span class="spring" />
        {hasDocument && <Downloads {...here} digest={image.digest} isOurs={overview?.sbom_digest !== undefined} />}
        {isRunning ? stopButton : makeButton}
      </div>
      {isRunning && <p role="status">{sbomWords().runs}</p>}
    </>
  )
}

/** When the SBOM was made, and by what. */
function Facts({ overview }: { overview: Artifact['sbom_overview'] }) {
  if (!overview) return null
  const { scan_status: status = '', end_time: end, duration, scanner } = overview
  return (
    <>
      <RunState state={status} />
      {!isGoingOn(status) && (
        <span class="quiet-text">
          <TimeAgo at={end} />
          {duration !== undefined && ` · ${sbomWords().took}: ${showDuration(duration * 1000)}`}
          {scanner?.name !== undefined && ` · ${sbomWords().maker} ${scanner.name} ${scanner.version ?? ''}`}
        </span>
      )}
    </>
  )
}

type LogProps = {
  params: { project_name: string; repository_name: string; reference: string; report_id: string }
  isRunning: boolean
  isOpen: boolean
}

function Log({ params, isRunning, isOpen }: LogProps) {
  const found = useApi(getReportLog, { params }, isRunning ? { everyMs: runningMs } : {})
  return (
    <details class="fold" open={isOpen}>
      <summary>{system().log}</summary>
      <LogView label={system().log} found={found} isRunning={isRunning} />
    </details>
  )
}

import { getArtifact } from '../../../../api/artifacts.ts'
import { useLive } from '../../lib/live.ts'
import { useApi } from '../../lib/query.ts'
import { showDuration } from '../../lib/show.ts'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { ErrorState, Problem } from '../../ui/problem.tsx'
import { isGoingOn, RunState } from '../../ui/run.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import type { Artifact, InArtifact } from './in-artifact.ts'
import { chosenOf, ImageChoice, listPath, LookLog, partsOf, runningMs, useLook } from './look.tsx'
import { Downloads, Packages } from './sbom-packages.tsx'
import { sbomWords } from './sbom-words.ts'

/** What the image holds, by its SBOM; of an index, image by image. */
export function Sbom(here: InArtifact) {
  const images = imagesOf(here.artifact)
  const { digest } = chosenOf(images)
  return (
    <section class="stack" aria-label={sbomWords().packages}>
      <ImageChoice images={images} />
      <OfImage key={digest} {...here} digest={digest} />
    </section>
  )
}

/** What can have an SBOM: an image itself; of an index its images, and the index where it has one. */
function imagesOf(artifact: Artifact) {
  const { digest, accessories = [] } = artifact
  const parts = partsOf(artifact)
  const hasOwn = parts.length === 0 || accessories.some(isSbom)
  return [...(hasOwn ? [{ digest, name: sbomWords().whole }] : []), ...parts]
}

const isSbom = ({ type }: { type: string }): boolean => type === 'sbom.harbor'

function OfImage({ digest, ...here }: InArtifact & { digest: string }) {
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
        <LookLog params={{ ...params, report_id: overview.report_id }} isRunning={isRunning} isOpen={!hasDocument} />
      )}
    </>
  )
}

type WorkProps = InArtifact & { image: Artifact; hasDocument: boolean }

/** How it stands with the SBOM, and what can be done about it. */
function Work({ image, hasDocument, ...here }: WorkProps) {
  const { make, stop, error } = useLook(here, 'sbom', sbomWords())
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

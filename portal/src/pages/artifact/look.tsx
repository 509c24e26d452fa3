import { getReportLog, scanArtifact, stopScanArtifact } from '../../../../api/scans.ts'
import { system } from '../../i18n/system.ts'
import { useAction } from '../../lib/action.ts'
import { send } from '../../lib/api.ts'
import { changeQuery, query } from '../../lib/location.ts'
import { platformText } from '../../lib/platforms.ts'
import { forget, useApi } from '../../lib/query.ts'
import { LogView } from '../../ui/run.tsx'
import { Select } from '../../ui/select.tsx'
import { toast } from '../../ui/toasts.tsx'
import type { Artifact, InArtifact } from './in-artifact.ts'
import { sbomWords } from './sbom-words.ts'

/** How often an image that is looked into is asked again, in ms, should the stream tell of nothing. */
export const runningMs = 2000

/** The list of a repository's artifacts in the API: what is shown of one of them is below it. */
export const listPath = ({ project, repository }: Pick<InArtifact, 'project' | 'repository'>): string =>
  `/projects/${project.name}/repositories/${encodeURIComponent(repository)}/artifacts`

/**
 * Has the artifact that the page is about looked into, of an index all its images; or stops that. `said`: what a toast
 * tells then.
 */
export function useLook(here: InArtifact, kind: 'sbom' | 'vulnerability', said: { asked: string; stopped: string }) {
  const { project, repository, artifact } = here
  const params = { project_name: project.name, repository_name: repository, reference: artifact.digest }
  const call = { params, body: { scan_type: kind } }
  const make = useAction(async () => {
    await send(scanArtifact, call)
    forget(listPath(here))
    toast(said.asked)
  })
  const stop = useAction(async () => {
    await send(stopScanArtifact, call)
    forget(listPath(here))
    toast(said.stopped)
  })
  return { make, stop, error: make.error ?? stop.error }
}

type Image = { digest: string; name: string }

/** The images of an index. Attestations, which buildkit puts beside them, are none. */
export const partsOf = ({ references }: Artifact): Image[] =>
  references.flatMap(({ child_digest: digest, platform }) => {
    const name = platform && platformText(platform)
    return name === undefined ? [] : [{ digest, name }]
  })

/** Which image is looked at: as the address says, or the first. */
export function chosenOf(images: Image[]): Image {
  const asked = query.value.get('platform')
  return images.find(({ digest }) => digest === asked) ?? images[0]!
}

/** The choice among several images. */
export function ImageChoice({ images }: { images: Image[] }) {
  if (images.length < 2) return null
  return (
    <label class="inline-choice">
      <span>{sbomWords().platform}</span>
      <Select
        value={chosenOf(images).digest}
        options={images.map(({ digest, name }) => ({ value: digest, label: name }))}
        onPick={(digest) => changeQuery({ platform: digest, kind: undefined, q: undefined })}
      />
    </label>
  )
}

type LogProps = {
  params: { project_name: string; repository_name: string; reference: string; report_id: string }
  isRunning: boolean
  isOpen: boolean
}

/** The log of what looks into an image, or did. */
export function LookLog({ params, isRunning, isOpen }: LogProps) {
  const found = useApi(getReportLog, { params }, isRunning ? { everyMs: runningMs } : {})
  return (
    <details class="fold" open={isOpen}>
      <summary>{system().log}</summary>
      <LogView label={system().log} found={found} isRunning={isRunning} />
    </details>
  )
}

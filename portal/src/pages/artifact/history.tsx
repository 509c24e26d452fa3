import { getArtifactGraph } from '../../../../api/artifact-graph.ts'
import { getAddition } from '../../../../api/artifacts.ts'
import { shortDigest } from '../../lib/format.ts'
import { artifactPlace } from '../../lib/places.ts'
import { platformText } from '../../lib/platforms.ts'
import { useApi } from '../../lib/query.ts'
import { showBytes } from '../../lib/show.ts'
import { EmptyState } from '../../ui/empty.tsx'
import { Link } from '../../ui/link.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import type { InArtifact } from './in-artifact.ts'
import { words } from './words.ts'

/** How an image was built, step by step; of an index, the way to its parts. */
export function History(here: InArtifact) {
  return here.artifact.references.length > 0 ? <OfParts {...here} /> : <Steps {...here} />
}

function OfParts({ project, repository, artifact }: InArtifact) {
  const parts = artifact.references.filter(({ platform }) => platform === undefined || platformText(platform))
  return (
    <div class="card">
      <p>{words().historyOfParts}</p>
      <ul class="plain-list">
        {parts.map(({ child_digest: digest, platform = {} }) => (
          <li key={digest}>
            <Link to={`${artifactPlace(project.name, repository, digest)}?tab=history`}>
              {platformText(platform) ?? shortDigest(digest)}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  )
}

type Step = { command: string; comment: string; bytes: number | undefined }

function Steps({ project, repository, artifact }: InArtifact) {
  const params = { project_name: project.name, repository_name: repository, reference: artifact.digest }
  const history = useApi(getAddition, { params: { ...params, addition: 'build_history' } })
  const graph = useApi(getArtifactGraph, { params })
  const error = history.error ?? graph.error
  if (error) return <ErrorState error={error} onRetry={history.refresh} />
  if (history.data === undefined || !graph.data) return <div aria-busy="true" class="page-loading" />
  const steps = stepsOf(history.data, graph.data.node.layers?.map(({ size }) => size) ?? [])
  if (steps.length === 0) return <EmptyState icon="clock" title={words().emptyHistory} />
  const most = Math.max(1, ...steps.map(({ bytes = 0 }) => bytes))
  return (
    <ol class="steps" aria-label={words().historyOf(steps.length)}>
      {steps.map(({ command, comment, bytes }, index) => (
        <li key={index}>
          <div>
            <code>{command}</code>
            {comment !== '' && <p class="quiet-text">{comment}</p>}
          </div>
          <span class="step-bytes">
            {bytes === undefined ? <span class="quiet-text">{words().noBytes}</span> : showBytes(bytes)}
            {bytes !== undefined && (
              <span class="weight" aria-hidden="true">
                <span style={{ inlineSize: `${(bytes / most) * 100}%` }} />
              </span>
            )}
          </span>
        </li>
      ))}
    </ol>
  )
}

/**
 * Steps of the config's history with the size of the layer that each made: those that are not `empty_layer`, in their
 * order (OCI image-spec, config.md, `history`). Its author may have written anything into it.
 */
function stepsOf(history: unknown, sizes: number[]): Step[] {
  const all = Array.isArray(history) ? (history as unknown[]) : []
  let layer = 0
  return all.flatMap((one) => {
    if (typeof one !== 'object' || one === null) return []
    const { created_by: command, comment, empty_layer: isEmpty } = one as Record<string, unknown>
    const text = (value: unknown) => (typeof value === 'string' ? value : '')
    const bytes = isEmpty === true ? undefined : sizes[layer++]
    return [{ command: cleaned(text(command)), comment: text(comment), bytes }]
  })
}

/** Without what builders put before each command. */
const cleaned = (text: string) =>
  text.replace(/^\/bin\/sh -c (?:#\(nop\)\s*)?/, '').replace(/^RUN \/bin\/sh -c /, 'RUN ')

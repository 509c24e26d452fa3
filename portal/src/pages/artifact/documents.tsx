import { getDocument } from '../../../../api/documents.ts'
import { useApi } from '../../lib/query.ts'
import { CodeView } from '../../ui/code.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import type { InArtifact } from './in-artifact.ts'
import { words } from './words.ts'

/** The manifest and the config as JSON. */
export function Documents(here: InArtifact) {
  return (
    <>
      <p class="quiet-text">{words().manifestHint}</p>
      <Document {...here} document="manifest" label={words().manifest} />
      {here.artifact.references.length === 0 && <Document {...here} document="config" label={words().config} />}
    </>
  )
}

type DocumentProps = InArtifact & { document: string; label: string }

function Document({ project, repository, artifact, document, label }: DocumentProps) {
  const params = { project_name: project.name, repository_name: repository, reference: artifact.digest, document }
  const { data, error, refresh } = useApi(getDocument, { params })
  return (
    <section class="document">
      <h2>{label}</h2>
      {error ? (
        <ErrorState error={error} onRetry={refresh} />
      ) : data === undefined ? (
        <div class="page-loading" aria-busy="true" />
      ) : (
        <CodeView label={label} text={inLines(data)} numbered />
      )}
    </section>
  )
}

/** JSON with a line for each value; text that is no JSON as it is. */
function inLines(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

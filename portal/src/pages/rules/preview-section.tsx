import type { AnswerOf } from '../../../../api/operation.ts'
import { previewRetention } from '../../../../api/retention-preview.ts'
import { shortDigest } from '../../lib/format.ts'
import { artifactPlace } from '../../lib/places.ts'
import { useApi } from '../../lib/query.ts'
import { showCount } from '../../lib/show.ts'
import { Badge } from '../../ui/badge.tsx'
import { facetOf, SelectFacet, TextFacet } from '../../ui/facets.tsx'
import type { Column } from '../../ui/grid.tsx'
import { Link } from '../../ui/link.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import type { Project } from '../../ui/project-frame.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { PreviewTotals } from './preview-totals.tsx'
import { reasonText, type Decision } from './sentences.ts'
import { words } from './words.ts'

/** The most artifacts that are listed. */
const most = 200

type Artifact = AnswerOf<typeof previewRetention>['artifacts'][number]
/** A tag, or an artifact without tags. */
type Row = { key: string; artifact: Artifact; tag: string | undefined; decision: Decision }

/** What the saved rules would do now, tag by tag, with the value that decided. */
export function PreviewSection({ project }: { project: Project }) {
  const repository = facetOf('repository')
  const show = facetOf('show') === 'all' ? {} : { show: 'dropped' as const }
  const body = { project_id: project.project_id, ...show, ...(repository === '' ? {} : { repository }), rows: most }
  const { data, error, refresh, isLoading } = useApi(previewRetention, { body })
  if (error) return <ErrorState error={error} onRetry={refresh} />
  const rows = (data?.artifacts ?? []).flatMap(rowsOf)
  return (
    <div class="grid">
      {data && <PreviewTotals preview={data} />}
      <div class="toolbar">
        <TextFacet name="repository" label={words().repository} />
        <SelectFacet
          name="show"
          label={words().show}
          any={words().shows.dropped}
          options={[{ value: 'all', label: words().shows.all }]}
        />
      </div>
      <div aria-busy={isLoading && !data}>
        {data && (
          <PlainTable
            label={words().views.preview}
            columns={columnsOf(project.name)}
            rows={rows}
            keyOf={(row) => row.key}
            empty={<p class="quiet-text">{words().nothingGoes}</p>}
          />
        )}
      </div>
      {data?.artifacts.length === most && <p class="quiet-text">{words().more(showCount(most))}</p>}
    </div>
  )
}

function rowsOf(artifact: Artifact): Row[] {
  const key = `${artifact.repository}@${artifact.digest}`
  if (artifact.tags.length === 0) return [{ key, artifact, tag: undefined, decision: artifact.decision }]
  return artifact.tags.map(({ name, decision }) => ({ key: `${key}:${name}`, artifact, tag: name, decision }))
}

export const DecisionBadge = ({ isKept }: { isKept: boolean }) => (
  <Badge tone={isKept ? 'good' : 'bad'}>{isKept ? words().kept : words().gone}</Badge>
)

function columnsOf(project: string): Column<Row>[] {
  return [
    {
      name: 'tag',
      title: words().tag,
      cell: ({ artifact: { repository, digest }, tag }) => (
        <Link to={artifactPlace(project, repository, digest)} class="name">
          {repository}
          {tag === undefined ? `@${shortDigest(digest)}` : `:${tag}`}
        </Link>
      ),
    },
    { name: 'decision', title: words().decision, cell: ({ decision: { kept } }) => <DecisionBadge isKept={kept} /> },
    { name: 'because', title: words().because, cell: ({ decision }) => <Why decision={decision} /> },
  ]
}

/** By which rule and value, and until when that holds. */
export function Why({ decision }: { decision: Decision }) {
  return (
    <span class="wrap-text">
      {reasonText(decision)}
      {decision.until !== undefined && (
        <span class="quiet-text">
          {' '}
          · {words().until} <TimeAgo at={decision.until} />
        </span>
      )}
    </span>
  )
}

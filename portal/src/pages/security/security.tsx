import type { AnswerOf } from '../../../../api/operation.ts'
import { getSecuritySummary } from '../../../../api/security-hub.ts'
import { severityWords } from '../../i18n/severity.ts'
import { withQuery } from '../../lib/location.ts'
import { useApi } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { showCount } from '../../lib/show.ts'
import { EmptyState } from '../../ui/empty.tsx'
import { Figures } from '../../ui/figures.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Link } from '../../ui/link.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { Severity, SeverityBar } from '../../ui/severities.tsx'
import { Findings, ImageLink } from './findings.tsx'
import { words } from './words.ts'

type Summary = AnswerOf<typeof getSecuritySummary>

/** What is known to be wrong with the images of all projects, the worst first. */
export default function Security() {
  const found = useApi(getSecuritySummary, { query: { with_dangerous_cve: 'true', with_dangerous_artifact: 'true' } })
  const { data } = found
  return (
    <>
      <PageHeader
        title={words().title}
        about={words().about}
        actions={
          canInSystem('scanner', 'list') && (
            <Link class="button main" to="/scanners">
              <Icon name="shield" /> <span>{words().scanAll}</span>
            </Link>
          )
        }
      />
      {found.error && !data && <ErrorState error={found.error} onRetry={found.refresh} />}
      <div aria-busy={!data && !found.error}>{data && <Totals summary={data} />}</div>
      {data && data.total_vuls > 0 && (
        <>
          <div class="cards security-cards">
            <WorstCves summary={data} />
            <WorstArtifacts summary={data} />
          </div>
          <h2 class="section-head">{words().list}</h2>
          <Findings />
        </>
      )}
      {data?.total_vuls === 0 && (
        <EmptyState icon="shield" title={words().none} action={<Link to="/scanners">{words().toScanners}</Link>}>
          {words().noneHint}
        </EmptyState>
      )}
    </>
  )
}

function Totals({ summary }: { summary: Summary }) {
  const { total_artifact: all, scanned_cnt: scanned } = summary
  return (
    <>
      <Figures
        figures={[
          { label: words().total, value: showCount(summary.total_vuls) },
          { label: words().fixable, value: showCount(summary.fixable_cnt) },
          { label: words().scanned, value: words().ofImages(showCount(scanned), showCount(all)) },
        ]}
      />
      <SeverityBar
        counts={{
          Critical: summary.critical_cnt,
          High: summary.high_cnt,
          Medium: summary.medium_cnt,
          Low: summary.low_cnt,
          None: summary.none_cnt,
          Unknown: summary.unknown_cnt,
        }}
      />
      {scanned < all && (
        <p class="note info below">
          <Icon name="info" /> <span>{words().notScanned(all - scanned)}</span>
        </p>
      )}
    </>
  )
}

function WorstCves({ summary: { dangerous_cves: rows = [] } }: { summary: Summary }) {
  return (
    <section class="card" aria-label={words().worstCves}>
      <h2>{words().worstCves}</h2>
      <PlainTable
        label={words().worstCves}
        rows={rows}
        keyOf={(one) => `${one.cve_id} ${one.package} ${one.version}`}
        columns={[
          {
            name: 'cve',
            title: severityWords().cve,
            cell: ({ cve_id: id }) => (
              <Link class="name" to={withQuery({ cve: id })}>
                {id}
              </Link>
            ),
          },
          { name: 'severity', title: severityWords().severity, cell: ({ severity }) => <Severity of={severity} /> },
          { name: 'score', title: severityWords().score, isNumber: true, cell: (one) => one.cvss_score_v3 ?? '–' },
          { name: 'package', title: severityWords().package, cell: (one) => `${one.package} ${one.version}` },
        ]}
      />
    </section>
  )
}

function WorstArtifacts({ summary: { dangerous_artifacts: rows = [] } }: { summary: Summary }) {
  const names = severityWords().names
  return (
    <section class="card" aria-label={words().worstArtifacts}>
      <h2>{words().worstArtifacts}</h2>
      <PlainTable
        label={words().worstArtifacts}
        rows={rows}
        keyOf={(one) => `${one.repository_name}@${one.digest}`}
        columns={[
          { name: 'image', title: words().image, cell: (one) => <ImageLink of={one} /> },
          { name: 'critical', title: names['Critical']!, isNumber: true, cell: (one) => showCount(one.critical_cnt) },
          { name: 'high', title: names['High']!, isNumber: true, cell: (one) => showCount(one.high_cnt) },
          { name: 'medium', title: names['Medium']!, isNumber: true, cell: (one) => showCount(one.medium_cnt) },
        ]}
      />
    </section>
  )
}

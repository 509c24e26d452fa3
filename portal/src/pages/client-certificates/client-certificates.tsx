import type { ComponentChildren } from 'preact'
import { getClientCertificates } from '../../../../api/client-certificates.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { useApi } from '../../lib/query.ts'
import { showCount } from '../../lib/show.ts'
import { now } from '../../lib/clock.ts'
import { Badge } from '../../ui/badge.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import type { Column } from '../../ui/grid.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { CheckCertificate } from './check.tsx'
import { words } from './words.ts'

type Settings = AnswerOf<typeof getClientCertificates>
type Authority = Settings['authorities'][number]

const commands = [
  'MARINA_CLIENT_CA=/etc/marina/clients-ca.pem',
  "MARINA_CLIENT_CERT_RULES='cn:* => user:*'",
  'MARINA_CLIENT_CRL=/etc/marina/clients.crl',
].join('\n')

/** How callers are identified by certificates, and whose a certificate is. */
export default function ClientCertificates() {
  const { data, error, refresh } = useApi(getClientCertificates, {})
  return (
    <>
      <PageHeader title={words().title} about={words().about} />
      {error && !data && <ErrorState error={error} onRetry={refresh} />}
      {!data && !error && <div class="page-loading" aria-busy="true" />}
      {data && !data.enabled && (
        <EmptyState icon="lock" title={words().off} commands={commands}>
          {words().offHint}
        </EmptyState>
      )}
      {data?.enabled === true && <Accepted settings={data} />}
    </>
  )
}

function Accepted({ settings }: { settings: Settings }) {
  const { authorities, rules, header, checks_revocation: checksRevocation } = settings
  return (
    <>
      <Head title={words().authorities}>{header !== undefined && words().header(header)}</Head>
      {!checksRevocation && <p class="note warn">{words().unchecked}</p>}
      <PlainTable
        label={words().authorities}
        columns={authorityColumns(checksRevocation)}
        rows={authorities}
        keyOf={({ subject, valid_from: from }) => `${subject} ${from}`}
      />
      <Head title={words().rules}>{words().rulesHint}</Head>
      <ol class="certificate-rules">
        {rules.map((rule) => (
          <li key={rule}>
            <code class="wrap-text">{rule}</code>
          </li>
        ))}
      </ol>
      <Head title={words().check} />
      <CheckCertificate />
    </>
  )
}

const Head = ({ title, children }: { title: string; children?: ComponentChildren }) => (
  <div class="section-head">
    <h2>{title}</h2>
    {children && <p class="quiet-text">{children}</p>}
  </div>
)

function authorityColumns(checksRevocation: boolean): Column<Authority>[] {
  const ofLists: Column<Authority>[] = [
    {
      name: 'revoked',
      title: words().revoked,
      isNumber: true,
      hideBelow: 'small',
      cell: ({ revoked }) => (revoked === undefined ? '–' : showCount(revoked)),
    },
    {
      name: 'list',
      title: words().listTo,
      cell: ({ revoked, next_update: at }) =>
        revoked === undefined ? <Badge tone="warn">{words().noList}</Badge> : <Until at={at} />,
    },
  ]
  return [
    { name: 'subject', title: words().subject, cell: ({ subject }) => <strong class="wrap-text">{subject}</strong> },
    { name: 'until', title: words().validTo, cell: ({ valid_to: at }) => <Until at={at} /> },
    ...(checksRevocation ? ofLists : []),
  ]
}

/** A time that something holds until; marked when that is over. */
function Until({ at }: { at: string | undefined }) {
  const isOver = at !== undefined && Date.parse(at) < now.value
  return (
    <span class="row">
      <TimeAgo at={at} /> {isOver && <Badge tone="bad">{words().expired}</Badge>}
    </span>
  )
}

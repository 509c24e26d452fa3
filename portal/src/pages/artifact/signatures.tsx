import type { AnswerOf } from '../../../../api/operation.ts'
import { listSignatures } from '../../../../api/signatures.ts'
import { useApi } from '../../lib/query.ts'
import { registryHost } from '../../lib/session.ts'
import { Badge } from '../../ui/badge.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import type { Column } from '../../ui/grid.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import type { InArtifact } from './in-artifact.ts'
import { signatureWords as words } from './signature-words.ts'

type Signature = AnswerOf<typeof listSignatures>[number]

/** Who signed the artifact and what they say of it, and whether the project trusts them. */
export function Signatures({ project, repository, artifact }: InArtifact) {
  const params = { project_name: project.name, repository_name: repository, reference: artifact.digest }
  const { data, error, refresh } = useApi(listSignatures, { params })
  if (error && !data) return <ErrorState error={error} onRetry={refresh} />
  if (!data) return <div class="page-loading" aria-busy="true" />
  const image = `${registryHost.value}/${project.name}/${repository}@${artifact.digest}`
  return (
    <>
      {data.length > 0 && <p class="tab-about">{words().about}</p>}
      <PlainTable
        label={words().title}
        columns={columnsOf(artifact.digest)}
        rows={data}
        keyOf={(one) => `${one.digest} ${one.subject} ${one.identity ?? ''} ${one.signer ?? ''}`}
        empty={
          <EmptyState icon="shield" title={words().none} commands={`cosign sign --key cosign.key ${image}`}>
            {words().noneHint}
          </EmptyState>
        }
      />
    </>
  )
}

function columnsOf(digest: string): Column<Signature>[] {
  return [
    {
      name: 'kind',
      title: words().kind,
      cell: ({ tool, kind, predicate_type: says, subject }) => (
        <span class="two-lines">
          <span>
            {words().kinds[kind]} ({tool})
          </span>
          {says !== undefined && <code>{says}</code>}
          {subject !== digest && <span class="quiet-text">{words().ofIndex}</span>}
        </span>
      ),
    },
    {
      name: 'trusted',
      title: words().trusted,
      cell: ({ verified, reason }) => (
        <span class="two-lines">
          <span>{verified ? <Badge tone="good">{words().yes}</Badge> : <Badge tone="bad">{words().no}</Badge>}</span>
          {reason !== '' && <span class="quiet-text wrap-text">{reason}</span>}
        </span>
      ),
    },
    { name: 'signer', title: words().signer, cell: ({ signer }) => signer ?? '–' },
    {
      name: 'identity',
      title: words().identity,
      hideBelow: 'small',
      cell: ({ identity, issuer }) => (
        <span class="two-lines">
          <span class="wrap-text">{identity ?? '–'}</span>
          {issuer !== undefined && <span class="quiet-text wrap-text">{issuer}</span>}
        </span>
      ),
    },
    { name: 'at', title: words().signedAt, hideBelow: 'medium', cell: ({ signed_at: at }) => <TimeAgo at={at} /> },
  ]
}

import type { AnswerOf } from '../../../../api/operation.ts'
import type { getReplicationDrift, previewReplicationPolicy } from '../../../../api/replication.ts'
import { shortDigest } from '../../lib/format.ts'
import { showBytes, showCount } from '../../lib/show.ts'
import { Badge } from '../../ui/badge.tsx'
import { Figures, type Figure } from '../../ui/figures.tsx'
import type { Column } from '../../ui/grid.tsx'
import { Icon } from '../../ui/icon.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { words } from './words.ts'

type Preview = AnswerOf<typeof previewReplicationPolicy>
type Drift = AnswerOf<typeof getReplicationDrift>
type Difference = Preview['artifacts'][number]

/** The most rows that are shown at once. */
const most = 200

/** What a run would do, with the names that result. */
export function PreviewView({ preview }: { preview: Preview }) {
  const { keep, delete: deleted, bytes } = preview
  const counted = (name: 'copy' | 'overwrite' | 'skip' | 'keep' | 'delete'): Figure => ({
    label: words().actions[name]!,
    value: showCount(preview[name]),
  })
  const figures: Figure[] = [
    { label: words().bytes, value: showBytes(bytes) },
    counted('copy'),
    counted('overwrite'),
    counted('skip'),
    ...(keep > 0 ? [counted('keep')] : []),
    ...(deleted > 0 ? [counted('delete')] : []),
  ]
  return (
    <section class="stack" aria-label={words().preview}>
      <Figures figures={figures} />
      <Warnings preview={preview} />
      <Differences rows={preview.artifacts} none={words().nothing} />
    </section>
  )
}

function Warnings({ preview: { is_complete: isComplete, collisions, problems } }: { preview: Preview }) {
  return (
    <>
      {!isComplete && <Note>{words().cut}</Note>}
      {collisions.length > 0 && (
        <Note title={words().collisions}>
          {collisions.map(({ target, sources }) => (
            <li key={target}>
              {sources.join(', ')} → <strong>{target}</strong>
            </li>
          ))}
        </Note>
      )}
      {problems.length > 0 && (
        <Note title={words().problems}>
          {problems.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </Note>
      )}
    </>
  )
}

function Note({ title, children }: { title?: string; children: preact.ComponentChildren }) {
  return (
    <div class="note warn" role="status">
      <Icon name="alert" />
      <div>
        {title === undefined ? (
          <p>{children}</p>
        ) : (
          <>
            <strong>{title}</strong>
            <ul>{children}</ul>
          </>
        )}
      </div>
    </div>
  )
}

/** Where both sides differ. */
export function DriftView({ drift }: { drift: Drift }) {
  return (
    <section class="stack" aria-label={words().drift}>
      <Figures
        figures={(['same', 'missing', 'different', 'extra'] as const).map((name) => ({
          label: words()[name],
          value: showCount(drift[name]),
        }))}
      />
      {!drift.is_complete && <Note>{words().cut}</Note>}
      <Differences rows={drift.artifacts.filter(({ action }) => action !== 'same')} none={words().noDrift} />
    </section>
  )
}

function Differences({ rows, none }: { rows: Difference[]; none: string }) {
  if (rows.length === 0) {
    return (
      <p class="note info">
        <Icon name="check" /> {none}
      </p>
    )
  }
  return (
    <>
      <PlainTable
        label={words().preview}
        columns={columnsOf()}
        rows={rows.slice(0, most)}
        keyOf={(one) => `${one.source} ${one.target} ${one.tag} ${one.source_digest} ${one.target_digest}`}
      />
      {rows.length > most && <p class="quiet-text">{words().firstRows(most, rows.length)}</p>}
    </>
  )
}

const tones = {
  copy: 'info',
  overwrite: 'warn',
  delete: 'bad',
  missing: 'warn',
  different: 'warn',
  extra: 'info',
} as const

function columnsOf(): Column<Difference>[] {
  return [
    {
      name: 'action',
      title: words().action,
      cell: ({ action }) => (
        <Badge tone={(tones as Record<string, (typeof tones)[keyof typeof tones] | undefined>)[action] ?? 'plain'}>
          {words().actions[action] ?? action}
        </Badge>
      ),
    },
    {
      name: 'source',
      title: words().source,
      hideBelow: 'small',
      cell: ({ source }) => <span class="wrap-text">{source || '–'}</span>,
    },
    {
      name: 'target',
      title: words().target,
      cell: ({ target }) => <span class="wrap-text">{target || '–'}</span>,
    },
    {
      name: 'tag',
      title: words().tag,
      cell: ({ tag, source_digest: digest, target_digest: other }) =>
        tag === '' ? <code>{shortDigest(digest || other)}</code> : <span class="wrap-text">{tag}</span>,
    },
    {
      name: 'size',
      title: words().size,
      isNumber: true,
      hideBelow: 'small',
      cell: ({ size }) => (size < 0 ? '–' : showBytes(size)),
    },
  ]
}

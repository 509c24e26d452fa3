import type { AnswerOf } from '../../../../api/operation.ts'
import type { previewPreheat } from '../../../../api/preheat.ts'
import { shortDigest } from '../../lib/format.ts'
import { showCount } from '../../lib/show.ts'
import { Badge } from '../../ui/badge.tsx'
import { Figures } from '../../ui/figures.tsx'
import type { Column } from '../../ui/grid.tsx'
import { Icon } from '../../ui/icon.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { words } from './words.ts'

export type Preview = AnswerOf<typeof previewPreheat>
type Image = Preview['images'][number]

/** The most rows that are shown at once. */
const most = 200

/** Which images a run would preheat, and why others are left out. */
export function PreviewView({ preview: { is_complete: isComplete, preheat, skip, images } }: { preview: Preview }) {
  return (
    <section class="stack" aria-label={words().previewOf}>
      <Figures
        figures={[
          { label: words().toPreheat, value: showCount(preheat) },
          { label: words().leftOut, value: showCount(skip) },
        ]}
      />
      {!isComplete && (
        <p class="note warn" role="status">
          <Icon name="alert" /> {words().cut}
        </p>
      )}
      {images.length === 0 ? (
        <p class="note info">
          <Icon name="info" /> {words().nothing}
        </p>
      ) : (
        <PlainTable
          label={words().previewOf}
          columns={columnsOf()}
          rows={images.slice(0, most)}
          keyOf={(one) => `${one.repository}:${one.tag}`}
        />
      )}
      {images.length > most && <p class="quiet-text">{words().firstRows(most, images.length)}</p>}
    </section>
  )
}

function columnsOf(): Column<Image>[] {
  return [
    {
      name: 'image',
      title: words().image,
      cell: ({ repository, tag }) => (
        <span class="wrap-text">
          {repository}:{tag}
        </span>
      ),
    },
    {
      name: 'what',
      title: words().state,
      cell: ({ action, reason }) =>
        action === 'preheat' ? (
          <Badge tone="good">{words().toPreheat}</Badge>
        ) : (
          <span class="two-lines">
            <span>
              <Badge>{words().leftOut}</Badge>
            </span>
            <span class="quiet-text wrap-text">{reason}</span>
          </span>
        ),
    },
    {
      name: 'digest',
      title: 'Digest',
      hideBelow: 'small',
      cell: ({ digest }) => <code>{shortDigest(digest)}</code>,
    },
  ]
}

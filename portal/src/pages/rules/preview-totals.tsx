import { showBytes, showCount, showShare } from '../../lib/show.ts'
import { Meter } from '../../ui/charts.tsx'
import { Icon } from '../../ui/icon.tsx'
import type { Preview } from './sentences.ts'
import { words } from './words.ts'

type TotalsProps = { preview: Preview; withChanges?: boolean }

/** How much would go, how many bytes that frees, and whether a person should look first. */
export function PreviewTotals({ preview, withChanges = false }: TotalsProps) {
  const { totals, share, ask_above: limit, freed_bytes: bytes, is_whole: isWhole, changed_tags: changed } = preview
  const goes = totals.dropped_tags
  return (
    <div class="preview-totals" role="status">
      {goes === 0 ? (
        <p>
          <strong>{words().nothingGoes}</strong>
        </p>
      ) : (
        <>
          <p>
            <strong>{words().wouldGo(showCount(goes), showCount(totals.tags))}</strong>,{' '}
            {words().artifactsGo(showCount(totals.dropped_artifacts), showCount(totals.artifacts))} ·{' '}
            {words().frees(showBytes(bytes))}
          </p>
          <Meter
            label={words().tryIt}
            used={goes}
            limit={totals.tags}
            text={words().shareText(showShare(share / 100))}
          />
        </>
      )}
      {withChanges && <p>{changed === 0 ? words().noChanges : words().changes(changed)}</p>}
      {share > limit && (
        <div class="note warn">
          <Icon name="alert" />
          <p>{words().aboveAsk(showShare(share / 100), showShare(limit / 100))}</p>
        </div>
      )}
      {!isWhole && (
        <div class="note warn">
          <Icon name="info" />
          <p>{words().notWhole}</p>
        </div>
      )}
    </div>
  )
}

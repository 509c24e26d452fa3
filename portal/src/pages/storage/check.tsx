import type { AnswerOf } from '../../../../api/operation.ts'
import { getStorageCheck } from '../../../../api/system.ts'
import { useApi } from '../../lib/query.ts'
import { showBytes, showCount } from '../../lib/show.ts'
import { Badge } from '../../ui/badge.tsx'
import { CodeView } from '../../ui/code.tsx'
import { Figures } from '../../ui/figures.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { words } from './words.ts'

type Check = NonNullable<AnswerOf<typeof getStorageCheck>['last']>

/** What the last comparison of storage and database found, and how to make one. */
export function StorageCheck() {
  const { data } = useApi(getStorageCheck, {})
  if (!data) return null
  const { last } = data
  return (
    <section aria-labelledby="storage-check">
      <div class="section-head">
        <h2 id="storage-check">{words().check}</h2>
      </div>
      {last && <Found check={last} />}
      <details>
        <summary>{last ? words().checkAgain : words().neverChecked}</summary>
        <div class="form below">
          <p>{words().checkHint}</p>
          <CodeView text="./marina.mjs fsck --digests" label={words().checkAgain} />
        </div>
      </details>
    </section>
  )
}

function Found({ check }: { check: Check }) {
  const { time, digests, blobs, bytes, artifacts, losses, leftovers, findings } = check
  return (
    <>
      <Figures
        figures={[
          { label: words().checked, value: <TimeAgo at={time} /> },
          { label: words().checkedHow, value: digests ? words().everyByte : words().sizesAlone },
          { label: words().looked, value: words().lookedAt(showCount(artifacts), showCount(blobs), showBytes(bytes)) },
          { label: words().lost, value: <Count count={losses} tone="bad" /> },
          { label: words().leftOver, value: <Count count={leftovers} tone="warn" /> },
        ]}
      />
      {losses > 0 && <p class="note bad">{words().lostHint}</p>}
      {findings.length > 0 && (
        <details>
          <summary>{words().findings(losses + leftovers, showCount(findings.length))}</summary>
          <CodeView text={findings.join('\n')} label={words().found} />
        </details>
      )}
    </>
  )
}

const Count = ({ count, tone }: { count: number; tone: 'bad' | 'warn' }) => (
  <Badge tone={count > 0 ? tone : 'good'}>{showCount(count)}</Badge>
)

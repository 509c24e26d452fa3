import { changeQuery } from '../../lib/location.ts'
import { showTime } from '../../lib/show.ts'
import { Button } from '../../ui/button.tsx'
import { CodeView } from '../../ui/code.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Link } from '../../ui/link.tsx'
import { placeOf, type Entry } from './entry.ts'
import { words } from './words.ts'

/** All that is known of one entry. */
export function EntryDrawer({ entry, onClose }: { entry: Entry; onClose(): void }) {
  const place = placeOf(entry)
  const { event_id: event, details } = entry
  return (
    <Dialog title={words().details} shape="drawer" onClose={onClose}>
      <dl class="facts">
        {factsOf(entry).map(([name, value]) =>
          value === undefined ? null : (
            <>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </>
          ),
        )}
      </dl>
      <div class="row">
        {place !== undefined && (
          <Link class="button" to={place}>
            {words().open}
          </Link>
        )}
        {event !== undefined && (
          <Button
            icon="filter"
            onClick={() => {
              onClose()
              changeQuery({ event, page: undefined, after: undefined, before: undefined }, { replace: false })
            }}
          >
            {words().sameEvent}
          </Button>
        )}
      </div>
      {details && Object.keys(details).length > 0 && (
        <div class="below">
          <h3>{words().changed}</h3>
          <CodeView text={JSON.stringify(details, undefined, 2)} label={words().changed} />
        </div>
      )}
    </Dialog>
  )
}

/** What is known of an entry, by name. */
const factsOf = (entry: Entry): [string, string | undefined][] => [
  [words().description, entry.operation_description],
  [words().when, `${showTime(Date.parse(entry.op_time))} (${entry.op_time})`],
  [words().who, entry.username],
  [words().result, entry.operation_result ? words().succeeded : words().refused],
  [words().address, entry.client_address],
  [words().request, entry.request_id],
  [words().event, entry.event_id],
]

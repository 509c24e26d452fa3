import { useAction } from '../../lib/action.ts'
import { send } from '../../lib/api.ts'
import { useApi } from '../../lib/query.ts'
import { showDuration, showTime } from '../../lib/show.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { CodeView } from '../../ui/code.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Link } from '../../ui/link.tsx'
import { ErrorState, Problem } from '../../ui/problem.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { DeliveryStatus } from './delivery-status.tsx'
import type { Delivery, Side } from './side.ts'
import { eventName, words } from './words.ts'

/** How often a delivery that waits is asked for again, in ms. */
const waitingMs = 1500

type DrawerProps = { side: Side; policyId: number; id: number; mayChange: boolean; onClose(): void }

/** One delivery: its tries, what was sent and what came back. */
export function DeliveryDrawer({ side, policyId, id, mayChange, onClose }: DrawerProps) {
  const params = { ...side.params, webhook_policy_id: policyId, execution_id: id }
  const found = useApi(side.api.getDelivery, { params }, { everyMs: waitingMs })
  const again = useAction(async () => {
    await send(side.api.redeliver, { params })
    side.forget()
    toast(words().redelivered)
  })
  const { data, error } = found
  return (
    <Dialog
      title={data ? `${eventName(data.event_type)} · ${words().inspect(String(id))}` : words().inspect(String(id))}
      shape="drawer"
      onClose={onClose}
      actions={
        mayChange && (
          <Button icon="refresh" isBusy={again.isRunning} onClick={() => void again.run()}>
            {words().redeliver}
          </Button>
        )
      }
    >
      {again.error && <Problem error={again.error} />}
      {data ? <Inspected side={side} delivery={data} /> : error && <ErrorState error={error} onRetry={found.refresh} />}
    </Dialog>
  )
}

function Inspected({ side, delivery }: { side: Side; delivery: Delivery }) {
  const { status, status_message: message, event_id: event, next_try: next, request, response } = delivery
  const activity = 'project_name_or_id' in side.params ? side.list.replace(/webhooks$/, 'activity') : '/activity'
  return (
    <div class="delivery">
      <p class="row">
        <DeliveryStatus status={status} /> {message !== '' && <span class="wrap-text">{message}</span>}
        <Link to={`${activity}?event=${encodeURIComponent(event)}`}>{words().sameEvent}</Link>
      </p>
      <Tries delivery={delivery} />
      {next !== undefined && (
        <p class="quiet-text">
          {words().nextTry}: <TimeAgo at={next} />
        </p>
      )}
      <h3>{words().request}</h3>
      {request.headers && <CodeView text={headerLines(request.headers)} label={words().requestHeaders} />}
      <CodeView text={pretty(request.body)} label={words().requestBody} />
      <h3>{words().answer}</h3>
      {response ? (
        <>
          <CodeView text={`HTTP ${response.status}\n${headerLines(response.headers)}`} label={words().answerHeaders} />
          {response.body !== '' && <CodeView text={pretty(response.body)} label={words().answerBody} />}
          {response.is_cut && <p class="quiet-text">{words().isCut}</p>}
        </>
      ) : (
        <p class="quiet-text">{words().noAnswer}</p>
      )}
    </div>
  )
}

function Tries({ delivery: { tries } }: { delivery: Delivery }) {
  if (tries.length === 0) return <p class="quiet-text">{words().noTries}</p>
  return (
    <ol class="tries" aria-label={words().tries}>
      {tries.map(({ at, took_ms: took, status, error }, index) => (
        <li key={at}>
          <span>{words().tryOf(index + 1)}</span>
          <Badge tone={status !== undefined && status >= 200 && status < 300 ? 'good' : 'bad'}>{status ?? '–'}</Badge>
          <span>{showDuration(took)}</span>
          <span class="quiet-text">{showTime(Date.parse(at))}</span>
          {error !== undefined && <span class="wrap-text">{error}</span>}
        </li>
      ))}
    </ol>
  )
}

const headerLines = (headers: Readonly<Record<string, string>>): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')

/** JSON with line breaks; other texts as they are. */
function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2)
  } catch {
    return text
  }
}

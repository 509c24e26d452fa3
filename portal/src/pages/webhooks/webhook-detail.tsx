import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { useAction } from '../../lib/action.ts'
import { send } from '../../lib/api.ts'
import { navigate } from '../../lib/location.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { CodeView } from '../../ui/code.tsx'
import { Problem } from '../../ui/problem.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { DeliveryList } from './delivery-list.tsx'
import { EditWebhook } from './edit-webhook.tsx'
import { checks } from './samples.ts'
import type { Policy, Side, Target } from './side.ts'
import { TestWebhook } from './test-webhook.tsx'
import { DeleteWebhook, PolicyState, targetName, type OpenWebhook } from './webhook-list.tsx'
import { eventName, words } from './words.ts'

type DetailProps = {
  side: Side
  policy: Policy
  mayChange: boolean
  open: OpenWebhook
  onOpen(open: OpenWebhook): void
}

/** A webhook with its targets and its deliveries. */
export function WebhookDetail({ side, policy, mayChange, open, onOpen }: DetailProps) {
  const close = () => onOpen(undefined)
  const isSigned = policy.targets.some(({ secret }) => secret !== undefined && secret !== '')
  return (
    <>
      <div class="webhook-facts">
        <section class="card">
          <h2>{words().events}</h2>
          <p class="row">
            <PolicyState policy={policy} />
            {policy.event_types.map((one) => (
              <Badge key={one}>{eventName(one)}</Badge>
            ))}
          </p>
          {policy.description !== '' && <p class="below wrap-text">{policy.description}</p>}
          <FilterFacts policy={policy} />
        </section>
        <section class="card">
          <h2>{words().targets}</h2>
          <ul class="targets">
            {policy.targets.map((target) => (
              <TargetRow key={target.id} side={side} policy={policy} target={target} mayChange={mayChange} />
            ))}
          </ul>
        </section>
      </div>
      <h2 class="section-head">{words().deliveries}</h2>
      <DeliveryList side={side} policy={policy} mayChange={mayChange} onTest={() => onOpen({ what: 'test', policy })} />
      {isSigned && <SignatureHelp />}
      {open?.what === 'edit' && <EditWebhook side={side} policy={policy} onClose={close} />}
      {open?.what === 'test' && <TestWebhook side={side} policy={policy} onClose={close} />}
      {open?.what === 'delete' && (
        <DeleteWebhook side={side} policy={policy} onClose={close} onGone={() => navigate(side.list)} />
      )}
    </>
  )
}

function FilterFacts({ policy: { repository_filter: repositories, tag_filter: tags } }: { policy: Policy }) {
  if (repositories === '' && tags === '') return null
  return (
    <dl class="facts">
      {repositories !== '' && <Fact name={words().repositories}>{repositories}</Fact>}
      {tags !== '' && <Fact name={words().tags}>{tags}</Fact>}
    </dl>
  )
}

const Fact = ({ name, children }: { name: string; children: ComponentChildren }) => (
  <>
    <dt>{name}</dt>
    <dd>
      <code>{children}</code>
    </dd>
  </>
)

type RowProps = { side: Side; policy: Policy; target: Target; mayChange: boolean }

function TargetRow({ side, policy, target, mayChange }: RowProps) {
  const change = useAction(async () => {
    const params = { ...side.params, webhook_policy_id: policy.id, target_id: target.id }
    await send(side.api.setTargetState, { params, body: { paused: !target.paused } })
    side.forget()
  })
  return (
    <li>
      <div class="row">
        <strong class="wrap-text">{targetName(target)}</strong>
        {target.paused && <Badge tone="bad">{words().paused}</Badge>}
        {!target.paused && target.resting_until !== undefined && <Badge tone="warn">{words().failing}</Badge>}
        <span class="spring" />
        {mayChange && (
          <Button class="small" isBusy={change.isRunning} onClick={() => void change.run()}>
            {target.paused ? words().resume : words().pause}
          </Button>
        )}
      </div>
      <code class="wrap-text">{target.address}</code>
      {target.paused_since !== undefined && (
        <p class="quiet-text">
          {words().pausedSince} <TimeAgo at={target.paused_since} />
          {target.paused_reason !== undefined && target.paused_reason !== '' && `: ${target.paused_reason}`}
        </p>
      )}
      {target.resting_until !== undefined && (
        <p class="quiet-text">
          {words().resting} <TimeAgo at={target.resting_until} />
        </p>
      )}
      {change.error && <Problem error={change.error} />}
    </li>
  )
}

function SignatureHelp() {
  const [tool, setTool] = useState<keyof typeof checks>('node')
  return (
    <details class="fold">
      <summary>{words().signature}</summary>
      <p class="quiet-text">{words().signatureHint}</p>
      <div class="row below">
        {(['node', 'python'] as const).map((one) => (
          <Button key={one} class="small" aria-pressed={one === tool} onClick={() => setTool(one)}>
            {one === 'node' ? 'Node' : 'Python'}
          </Button>
        ))}
      </div>
      <div class="below">
        <CodeView text={checks[tool]} label={words().signature} />
      </div>
    </details>
  )
}

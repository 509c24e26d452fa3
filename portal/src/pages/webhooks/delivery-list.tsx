import { useState } from 'preact/hooks'
import { send } from '../../lib/api.ts'
import { changeQuery } from '../../lib/location.ts'
import { isQ } from '../../lib/q.ts'
import { showDuration } from '../../lib/show.ts'
import { Button } from '../../ui/button.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { useLive } from '../../lib/live.ts'
import { facetOf, SelectFacet } from '../../ui/facets.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { DeliveryDrawer } from './delivery-drawer.tsx'
import { DeliveryStatus } from './delivery-status.tsx'
import type { Execution, Policy, Side } from './side.ts'
import { eventName, words } from './words.ts'

const statuses = ['Pending', 'Success', 'Error', 'Stopped']

type ListProps = { side: Side; policy: Policy; mayChange: boolean; onTest(): void }

/** The deliveries of a policy, the newest first; one of them is open when the address names it. */
export function DeliveryList({ side, policy, mayChange, onTest }: ListProps) {
  const [isAsked, setAsked] = useState(false)
  const params = { ...side.params, webhook_policy_id: policy.id }
  const status = facetOf('status')
  const opened = Number(facetOf('delivery'))
  useLive(
    { topics: ['deliveries'], isAbout: (event) => 'policy_id' in event && event.policy_id === policy.id },
    side.path,
  )
  const test = mayChange && (
    <Button tone="main" icon="play" onClick={onTest}>
      {words().test}
    </Button>
  )
  return (
    <>
      <DataGrid
        label={words().deliveries}
        operation={side.api.listExecutions}
        call={{ params, query: status === '' ? {} : { q: isQ('status', status) } }}
        columns={columnsOf()}
        keyOf={(delivery) => delivery.id}
        nameOf={(delivery) => words().inspect(String(delivery.id))}
        facets={<Facets mayRedeliver={mayChange && status === 'Error'} onRedeliver={() => setAsked(true)} />}
        isFiltered={status !== ''}
        empty={
          <EmptyState icon="webhook" title={words().noDeliveries} action={test}>
            {words().noDeliveriesHint}
          </EmptyState>
        }
      />
      {opened > 0 && (
        <DeliveryDrawer
          key={opened}
          side={side}
          policyId={policy.id}
          id={opened}
          mayChange={mayChange}
          onClose={() => changeQuery({ delivery: undefined })}
        />
      )}
      {isAsked && <RedeliverFailed side={side} policy={policy} onClose={() => setAsked(false)} />}
    </>
  )
}

function Facets({ mayRedeliver, onRedeliver }: { mayRedeliver: boolean; onRedeliver(): void }) {
  return (
    <>
      <SelectFacet
        name="status"
        label={words().state}
        any={words().anyStatus}
        options={statuses.map((one) => ({ value: one, label: words().statuses[one]! }))}
      />
      {mayRedeliver && (
        <Button icon="refresh" onClick={onRedeliver}>
          {words().redeliverFailed}
        </Button>
      )}
    </>
  )
}

function columnsOf(): Column<Execution>[] {
  return [
    {
      name: 'event',
      title: words().event,
      cell: ({ id, extra_attrs: { event_type: type = '' } }) => (
        <button
          type="button"
          class="link-button name"
          onClick={() => changeQuery({ delivery: String(id) }, { replace: false })}
        >
          {eventName(type)}
        </button>
      ),
    },
    { name: 'state', title: words().state, cell: ({ status }) => <DeliveryStatus status={status} /> },
    {
      name: 'cause',
      title: words().trigger,
      hideBelow: 'medium',
      cell: ({ trigger }) => words().triggers[trigger] ?? trigger,
    },
    {
      name: 'message',
      title: words().message,
      hideBelow: 'small',
      cell: ({ status_message: message }) => <span class="quiet-text wrap-text">{message}</span>,
    },
    {
      name: 'took',
      title: words().took,
      isNumber: true,
      hideBelow: 'medium',
      cell: ({ start_time: from, end_time: to }) =>
        to === undefined ? '–' : showDuration(Math.max(0, Date.parse(to) - Date.parse(from))),
    },
    { name: 'at', title: words().at, sort: 'creation_time', cell: ({ start_time: at }) => <TimeAgo at={at} /> },
  ]
}

function RedeliverFailed({ side, policy, onClose }: { side: Side; policy: Policy; onClose(): void }) {
  return (
    <Confirm
      title={words().redeliverFailedTitle}
      action={words().redeliverFailed}
      onClose={onClose}
      run={async () => {
        const params = { ...side.params, webhook_policy_id: policy.id }
        const body = { first: 1, last: Number.MAX_SAFE_INTEGER, status: 'Error' as const }
        const { body: done } = await send(side.api.redeliverRange, { params, body })
        side.forget()
        toast(words().redeliveredMany(done.count))
      }}
    >
      <p>{words().redeliverFailedHint}</p>
    </Confirm>
  )
}

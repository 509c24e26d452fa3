import { useState } from 'preact/hooks'
import { send } from '../../lib/api.ts'
import { navigate, path } from '../../lib/location.ts'
import { SelectField } from '../../ui/choices.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { toast } from '../../ui/toasts.tsx'
import type { Policy, Side } from './side.ts'
import { eventName, words } from './words.ts'

/** Sends an event that did not happen, and leads to its delivery. */
export function TestWebhook({ side, policy, onClose }: { side: Side; policy: Policy; onClose(): void }) {
  const [type, setType] = useState(policy.event_types[0] ?? 'PUSH_ARTIFACT')
  return (
    <FormDialog
      title={words().testTitle(policy.name)}
      action={words().test}
      onClose={onClose}
      submit={async () => {
        const params = { ...side.params, webhook_policy_id: policy.id }
        const { body } = await send(side.api.testPolicy, { params, body: { event_type: type } })
        side.forget()
        toast(words().tested(body.executions.length))
        if (path.value !== side.one(policy.id)) navigate(side.one(policy.id))
      }}
    >
      <SelectField
        name="event"
        label={words().event}
        hint={words().testHint}
        value={type}
        options={policy.event_types.map((one) => ({ value: one, label: eventName(one) }))}
        onPick={(one) => setType(one)}
      />
    </FormDialog>
  )
}

import { deletePreheatPolicy } from '../../../../api/preheat.ts'
import { send } from '../../lib/api.ts'
import { DeleteDialog } from '../../ui/delete-dialog.tsx'
import { paramsOf, policiesPath, type Policy } from './policy.ts'
import { words } from './words.ts'

/** Asks before a policy goes. */
export function DeletePolicy(props: { project: string; policy: Policy; onClose(): void; onDone?(): void }) {
  const { project, policy, onClose, onDone } = props
  const name = policy.name ?? ''
  return (
    <DeleteDialog
      title={words().deletePolicyTitle(name)}
      hint={words().deletePolicyHint}
      run={() => send(deletePreheatPolicy, { params: paramsOf(project, name) })}
      forgets={[policiesPath(project)]}
      gone={words().policyGone(name)}
      onClose={onClose}
      {...(onDone && { onDone })}
    />
  )
}

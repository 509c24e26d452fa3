import { deleteReplicationPolicy } from '../../../../api/replication.ts'
import { send } from '../../lib/api.ts'
import { DeleteDialog } from '../../ui/delete-dialog.tsx'
import type { Policy } from './policy.tsx'
import { words } from './words.ts'

/** Asks before a policy goes. */
export function DeletePolicy({ policy, onClose, onDone }: { policy: Policy; onClose(): void; onDone?(): void }) {
  const name = policy.name ?? ''
  return (
    <DeleteDialog
      title={words().deleteTitle(name)}
      hint={words().deleteHint}
      typed={name}
      run={() => send(deleteReplicationPolicy, { params: { id: policy.id! } })}
      forgets={['/replication']}
      gone={words().gone(name)}
      onClose={onClose}
      {...(onDone && { onDone })}
    />
  )
}

import { CheckField } from '../../ui/form.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { runPolicy, type Policy } from './policy.tsx'
import { words } from './words.ts'

/** Asks before a mirror runs: it deletes at its target. */
export function RunDialog({ policy, onClose }: { policy: Policy; onClose(): void }) {
  return (
    <FormDialog
      title={words().runTitle(policy.name ?? '')}
      action={words().run}
      onClose={onClose}
      submit={({ allow }) => runPolicy(policy.id!, allow === 'on')}
    >
      <p>
        {words().runHint} {policy.deletion && words().mirrorHint}
      </p>
      {policy.deletion && <CheckField name="allow" label={words().allowDeletion} hint={words().allowDeletionHint} />}
    </FormDialog>
  )
}

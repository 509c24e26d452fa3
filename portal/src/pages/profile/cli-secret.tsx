import { useState } from 'preact/hooks'
import { setCliSecret } from '../../../../api/users.ts'
import { useAction } from '../../lib/action.ts'
import { send } from '../../lib/api.ts'
import { Button } from '../../ui/button.tsx'
import { Problem } from '../../ui/problem.tsx'
import { SecretDialog } from '../../ui/secret-dialog.tsx'
import { words } from './words.ts'

/** Letters and digits; 32 of them cannot be guessed. Always with each kind that the rule for passwords asks for. */
function makeSecret(): string {
  const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789'
  const bytes = crypto.getRandomValues(new Uint32Array(29))
  return `${[...bytes].map((one) => letters[one % letters.length]).join('')}Aa2`
}

type Self = { user_id: number; username: string }

/** Makes the secret that stands in for the password of an account that signs in at a provider. */
export function CliSecret({ self: { user_id: id, username } }: { self: Self }) {
  const [secret, setSecret] = useState<string | undefined>(undefined)
  const work = useAction(async () => {
    const made = makeSecret()
    await send(setCliSecret, { params: { user_id: id }, body: { secret: made } })
    setSecret(made)
  })
  return (
    <>
      <p class="tab-about">{words().cliHint}</p>
      <Button icon="key" isBusy={work.isRunning} onClick={() => void work.run()}>
        {words().makeSecret}
      </Button>
      {secret !== undefined && (
        <SecretDialog
          title={words().secretMade}
          name={username}
          secret={secret}
          tools={['docker', 'api', 'kubernetes']}
          onClose={() => setSecret(undefined)}
        />
      )}
      {work.error && <Problem error={work.error} />}
    </>
  )
}

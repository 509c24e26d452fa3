import { useState } from 'preact/hooks'
import { registryHost } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { RadioCards } from '../../ui/choices.tsx'
import { CodeView } from '../../ui/code.tsx'
import { CopyButton } from '../../ui/copy.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Icon } from '../../ui/icon.tsx'
import type { Owner, Secret } from './robot.ts'
import { snippets, tools, type Tool } from './snippets.ts'
import { words } from './words.ts'

/** Shows a secret once, and how to use it. */
export function SecretDialog({ secret, owner, onClose }: { secret: Secret; owner: Owner; onClose(): void }) {
  const [tool, setTool] = useState<Tool>('docker')
  const place = owner?.name ?? secret.project
  const project = place === undefined || place === '*' ? 'my-project' : place
  const text = snippets[tool]({ host: registryHost.value, name: secret.name, secret: secret.secret, project })
  return (
    <Dialog
      title={secret.title}
      shape="wide"
      onClose={onClose}
      actions={
        <Button tone="main" onClick={onClose}>
          {words().done}
        </Button>
      }
    >
      <div class="note warn">
        <Icon name="key" />
        <p>{words().secretOnce}</p>
      </div>
      <dl class="facts">
        <dt>{words().name}</dt>
        <dd>
          <code>{secret.name}</code> <CopyButton text={secret.name} label={`${words().name}: ${secret.name}`} />
        </dd>
        <dt>{words().secret}</dt>
        <dd>
          <code class="secret">{secret.secret}</code> <CopyButton text={secret.secret} label={words().secret} />
        </dd>
      </dl>
      <RadioCards
        name="tool"
        label={words().use}
        value={tool}
        onPick={(one) => setTool(one)}
        options={tools.map((one) => ({ value: one, label: words().tools[one] }))}
      />
      <div class="below">
        <CodeView text={text} label={words().tools[tool]} />
      </div>
    </Dialog>
  )
}

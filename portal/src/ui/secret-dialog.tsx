import { useState } from 'preact/hooks'
import { secretWords } from '../i18n/secrets.ts'
import { apiUrl, registryHost } from '../lib/session.ts'
import { snippets, type Tool } from '../lib/snippets.ts'
import { Button } from './button.tsx'
import { RadioCards } from './choices.tsx'
import { CodeView } from './code.tsx'
import { CopyButton } from './copy.tsx'
import { Dialog } from './dialog.tsx'
import { Icon } from './icon.tsx'

type SecretProps = {
  title: string
  /** By which it signs in. */
  name: string
  secret: string
  /** A project in which it may do something; undefined or `*` when there is no single one. */
  project?: string | undefined
  tools: readonly Tool[]
  onClose(): void
}

/** Shows a secret that the server tells this once, and how to use it. */
export function SecretDialog({ title, name, secret, project, tools, onClose }: SecretProps) {
  const [tool, setTool] = useState<Tool>('docker')
  const words = secretWords()
  const place = project === undefined || project === '*' ? 'my-project' : project
  const text = snippets[tool]({ host: registryHost.value, api: apiUrl.value, name, secret, project: place })
  return (
    <Dialog
      title={title}
      shape="wide"
      onClose={onClose}
      actions={
        <Button tone="main" onClick={onClose}>
          {words.done}
        </Button>
      }
    >
      <div class="note warn">
        <Icon name="key" />
        <p>{words.once}</p>
      </div>
      <dl class="facts">
        <dt>{words.name}</dt>
        <dd>
          <code>{name}</code> <CopyButton text={name} label={`${words.name}: ${name}`} />
        </dd>
        <dt>{words.secret}</dt>
        <dd>
          <code class="secret">{secret}</code> <CopyButton text={secret} label={words.secret} />
        </dd>
      </dl>
      <RadioCards
        name="tool"
        label={words.use}
        value={tool}
        onPick={(one) => setTool(one)}
        options={tools.map((one) => ({ value: one, label: words.tools[one] }))}
      />
      <div class="below">
        <CodeView text={text} label={words.tools[tool]} />
      </div>
    </Dialog>
  )
}

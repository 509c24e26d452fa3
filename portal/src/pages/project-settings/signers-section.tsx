import { useState } from 'preact/hooks'
import { deleteSigner, listSigners } from '../../../../api/signatures.ts'
import { send } from '../../lib/api.ts'
import { forget, useApi } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import type { Column } from '../../ui/grid.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import type { Project } from '../../ui/project-frame.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { SignerDialog, type Signer } from './signer-dialog.tsx'
import { signerWords as words } from './signer-words.ts'

type Asked = { what: 'edit' | 'remove'; signer: Signer } | { what: 'add' } | undefined

/** Whose signatures the project trusts. */
export function SignersSection({ project, mayChange }: { project: Project; mayChange: boolean }) {
  const [asked, setAsked] = useState<Asked>(undefined)
  const close = () => setAsked(undefined)
  const { data, error, refresh } = useApi(listSigners, { params: { project_name_or_id: project.name } })
  const actionsOf = (signer: Signer): MenuItem[] => [
    { label: words().edit, icon: 'edit', run: () => setAsked({ what: 'edit', signer }) },
    { label: words().remove, icon: 'trash', isDanger: true, run: () => setAsked({ what: 'remove', signer }) },
  ]
  return (
    <section class="card" aria-label={words().title} aria-busy={!data && !error}>
      <div class="card-head">
        <h2>{words().title}</h2>
        {mayChange && (
          <Button class="small" icon="add" onClick={() => setAsked({ what: 'add' })}>
            {words().add}
          </Button>
        )}
      </div>
      <p class="quiet-text">{words().about}</p>
      {error && <ErrorState error={error} onRetry={refresh} />}
      {data && (
        <div class="below">
          <PlainTable
            label={words().title}
            columns={columnsOf()}
            rows={data}
            keyOf={({ name }) => name}
            {...(mayChange ? { rowActions: actionsOf } : {})}
            empty={<p>{words().none}</p>}
          />
        </div>
      )}
      {asked?.what === 'add' && <SignerDialog project={project.name} onClose={close} />}
      {asked?.what === 'edit' && <SignerDialog project={project.name} signer={asked.signer} onClose={close} />}
      {asked?.what === 'remove' && <Remove project={project.name} signer={asked.signer} onClose={close} />}
    </section>
  )
}

function Remove({ project, signer: { name }, onClose }: { project: string; signer: Signer; onClose(): void }) {
  return (
    <Confirm
      title={words().removeTitle(name)}
      action={words().remove}
      onClose={onClose}
      run={async () => {
        await send(deleteSigner, { params: { project_name_or_id: project, signer_name: name } })
        forget(`/projects/${project}`)
        toast(words().removed(name))
      }}
    >
      <p>{words().removeHint}</p>
    </Confirm>
  )
}

function whoOf({ key, certificate, keyless }: Signer): { main: string; beside?: string } {
  if (certificate) return { main: certificate.identities.join('; ') }
  if (keyless) return { main: keyless.subject, beside: `${keyless.issuer} (${keyless.trust_root})` }
  return { main: (key?.public_key ?? '').replaceAll(/-----[A-Z ]+-----|\s/g, '').slice(0, 60) }
}

const columnsOf = (): Column<Signer>[] => [
  { name: 'name', title: words().name, cell: ({ name }) => <span class="name wrap-text">{name}</span> },
  { name: 'kind', title: words().kind, cell: ({ kind }) => words().kinds[kind] },
  {
    name: 'who',
    title: words().who,
    hideBelow: 'small',
    cell: (signer) => {
      const { main, beside } = whoOf(signer)
      return (
        <span class="two-lines">
          <code class="wrap-text">{main}</code>
          {beside !== undefined && <span class="quiet-text wrap-text">{beside}</span>}
        </span>
      )
    },
  },
  { name: 'changed', title: words().changed, hideBelow: 'medium', cell: ({ update_time: at }) => <TimeAgo at={at} /> },
]

import { useState } from 'preact/hooks'
import { deleteTagProtection, listTagProtections, updateTagProtection } from '../../../../api/tag-protection.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { useApi } from '../../lib/query.ts'
import type { Can } from '../../lib/rights.ts'
import { attempt } from '../../ui/attempt.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Menu, type MenuItem } from '../../ui/menu.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { toast } from '../../ui/toasts.tsx'
import { EditProtection, type Place } from './edit-protection.tsx'
import { forgetProtections, protectionSentence, type Protection } from './protection.ts'
import { protectionWords } from './protection-words.ts'
import { words } from './words.ts'

type Open = { what: 'add' } | { what: 'edit' | 'delete'; rule: Protection } | undefined

/** The rules by which only some may change tags, in sentences. */
export function ProtectionSection({ project: place, can }: { project: Place; can: Can }) {
  const [open, setOpen] = useState<Open>(undefined)
  const project = place.name
  const params = { project_name_or_id: project }
  const { data, error, refresh } = useApi(listTagProtections, { params, query: { page_size: 100 } })
  const close = () => setOpen(undefined)
  return (
    <section class="card">
      <div class="section-title">
        <h2>{protectionWords().title}</h2>
        {can('configuration', 'update') && (
          <Button icon="add" onClick={() => setOpen({ what: 'add' })}>
            {protectionWords().add}
          </Button>
        )}
      </div>
      <p class="quiet-text">{protectionWords().about}</p>
      {error && <ErrorState error={error} onRetry={refresh} />}
      <div aria-busy={data === undefined && !error}>
        {data?.length === 0 && <p class="below">{protectionWords().none}</p>}
        {data !== undefined && data.length > 0 && (
          <ul class="sentences">
            {data.map((rule) => (
              <li key={rule.id}>
                <span class="wrap-text">
                  <strong>{rule.name}</strong>: {protectionSentence(rule)}
                </span>
                {rule.disabled && <Badge>{words().off}</Badge>}
                {can('configuration', 'update') && (
                  <Menu label={`${common().actions}: ${rule.name}`} items={itemsOf(project, rule, setOpen)} />
                )}
              </li>
            ))}
          </ul>
        )}
      </div>
      {open?.what === 'add' && <EditProtection project={place} onClose={close} />}
      {open?.what === 'edit' && <EditProtection project={place} rule={open.rule} onClose={close} />}
      {open?.what === 'delete' && <DeleteProtection project={project} rule={open.rule} onClose={close} />}
    </section>
  )
}

type DeleteProps = { project: string; rule: Protection; onClose(): void }

function DeleteProtection({ project, rule, onClose }: DeleteProps) {
  return (
    <Confirm
      title={protectionWords().deleteTitle(rule.name)}
      action={common().delete}
      onClose={onClose}
      run={async () => {
        await send(deleteTagProtection, { params: { project_name_or_id: project, tag_protection_id: rule.id } })
        forgetProtections(project)
        toast(protectionWords().gone(rule.name))
      }}
    >
      <p class="names">{protectionSentence(rule)}</p>
      <p>{protectionWords().deleteHint}</p>
    </Confirm>
  )
}

function itemsOf(project: string, rule: Protection, ask: (open: Open) => void): MenuItem[] {
  const flip = async () => {
    const params = { project_name_or_id: project, tag_protection_id: rule.id }
    await send(updateTagProtection, { params, body: { disabled: !rule.disabled } })
    forgetProtections(project)
    toast(protectionWords().saved(rule.name))
  }
  return [
    { label: words().edit, icon: 'edit', run: () => ask({ what: 'edit', rule }) },
    {
      label: rule.disabled ? words().switchOn : words().switchOff,
      icon: rule.disabled ? 'play' : 'stop',
      run: () => attempt(flip),
    },
    { label: common().delete, icon: 'trash', isDanger: true, run: () => ask({ what: 'delete', rule }) },
  ]
}

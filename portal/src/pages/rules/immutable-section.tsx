import { useState } from 'preact/hooks'
import { deleteImmutableRule, listImmutableRules, updateImmutableRule } from '../../../../api/immutability.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { useApi } from '../../lib/query.ts'
import type { Can } from '../../lib/rights.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Menu, type MenuItem } from '../../ui/menu.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { toast } from '../../ui/toasts.tsx'
import { EditImmutable } from './edit-immutable.tsx'
import { forgetImmutable } from './immutable.ts'
import { immutableSentence, type ImmutableRule } from './sentences.ts'
import { words } from './words.ts'

type Open = { what: 'add' } | { what: 'edit' | 'delete'; rule: ImmutableRule } | undefined

/** The rules that keep tags as they are, in sentences. */
export function ImmutableSection({ project, can }: { project: string; can: Can }) {
  const [open, setOpen] = useState<Open>(undefined)
  const params = { project_name_or_id: project }
  const { data, error, refresh } = useApi(listImmutableRules, { params, query: { page_size: 100 } })
  const mayChange = can('immutable-tag', 'update')
  const close = () => setOpen(undefined)
  return (
    <section class="card">
      <div class="section-title">
        <h2>{words().immutable}</h2>
        {can('immutable-tag', 'create') && (
          <Button icon="add" onClick={() => setOpen({ what: 'add' })}>
            {words().addImmutable}
          </Button>
        )}
      </div>
      <p class="quiet-text">{words().immutableAbout}</p>
      {error && <ErrorState error={error} onRetry={refresh} />}
      <div aria-busy={data === undefined && !error}>
        {data?.length === 0 && <p class="below">{words().noImmutable}</p>}
        {data !== undefined && data.length > 0 && (
          <ul class="sentences">
            {data.map((rule) => (
              <li key={rule.id}>
                <span class="wrap-text">{immutableSentence(rule)}</span>
                {rule.disabled && <Badge>{words().off}</Badge>}
                {mayChange && (
                  <Menu
                    label={`${common().actions}: ${immutableSentence(rule)}`}
                    items={itemsOf(project, rule, setOpen)}
                  />
                )}
              </li>
            ))}
          </ul>
        )}
      </div>
      {open?.what === 'add' && <EditImmutable project={project} onClose={close} />}
      {open?.what === 'edit' && <EditImmutable project={project} rule={open.rule} onClose={close} />}
      {open?.what === 'delete' && <DeleteImmutable project={project} rule={open.rule} onClose={close} />}
    </section>
  )
}

type DeleteProps = { project: string; rule: ImmutableRule; onClose(): void }

function DeleteImmutable({ project, rule, onClose }: DeleteProps) {
  const params = { project_name_or_id: project, immutable_rule_id: rule.id }
  return (
    <Confirm
      title={words().deleteImmutableTitle}
      action={common().delete}
      onClose={onClose}
      run={async () => {
        await send(deleteImmutableRule, { params })
        forgetImmutable(project)
        toast(words().ruleGone)
      }}
    >
      <p class="names">{immutableSentence(rule)}</p>
      <p>{words().deleteImmutableHint}</p>
    </Confirm>
  )
}

function itemsOf(project: string, rule: ImmutableRule, ask: (open: Open) => void): MenuItem[] {
  const flip = async () => {
    const params = { project_name_or_id: project, immutable_rule_id: rule.id }
    await send(updateImmutableRule, { params, body: { ...rule, disabled: !rule.disabled } })
    forgetImmutable(project)
    toast(words().ruleSaved)
  }
  return [
    { label: words().edit, icon: 'edit', run: () => ask({ what: 'edit', rule }) },
    {
      label: rule.disabled ? words().switchOn : words().switchOff,
      icon: rule.disabled ? 'play' : 'stop',
      run: () => void flip().catch((error: unknown) => toast(String(error), { isBad: true })),
    },
    { label: common().delete, icon: 'trash', isDanger: true, run: () => ask({ what: 'delete', rule }) },
  ]
}

import { useState } from 'preact/hooks'
import type { AnswerOf } from '../../../../api/operation.ts'
import { createAuditor, deleteAuditor, listAuditors } from '../../../../api/roles.ts'
import { send } from '../../lib/api.ts'
import { holderOf, type Picked } from '../../lib/people.ts'
import { forget } from '../../lib/query.ts'
import { Badge } from '../../ui/badge.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { CheckField } from '../../ui/form.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { Icon } from '../../ui/icon.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { PersonField } from './person-field.tsx'
import { words } from './words.ts'

type Auditor = AnswerOf<typeof listAuditors>[number]

/** Those who read what an administrator reads, and change nothing. */
export function Auditors({ mayChange }: { mayChange: boolean }) {
  const [asked, setAsked] = useState<Auditor | undefined>(undefined)
  return (
    <>
      <p class="tab-about">{words().auditorsHint}</p>
      <DataGrid
        label={words().auditors}
        operation={listAuditors}
        columns={columnsOf()}
        keyOf={({ id }) => id}
        nameOf={({ entity_name: name }) => name}
        {...(mayChange && {
          rowActions: (one: Auditor) => [
            { label: words().remove, icon: 'trash', isDanger: true, run: () => setAsked(one) },
          ],
        })}
        empty={
          <EmptyState icon="shield" title={words().noAuditors}>
            {words().noAuditorsHint}
          </EmptyState>
        }
      />
      {asked && <RemoveAuditor auditor={asked} onClose={() => setAsked(undefined)} />}
    </>
  )
}

function columnsOf(): Column<Auditor>[] {
  return [
    {
      name: 'name',
      title: words().who,
      cell: (one) => (
        <span class="with-icon">
          <Icon name={one.entity_type === 'u' ? 'user' : 'users'} />
          <strong class="name">{one.entity_name}</strong>
          {one.may_pull && <Badge>{words().pullsToo}</Badge>}
        </span>
      ),
    },
    {
      name: 'since',
      title: words().since,
      hideBelow: 'small',
      cell: (one) => (
        <>
          <TimeAgo at={one.creation_time} /> <span class="quiet-text">{words().by(one.added_by)}</span>
        </>
      ),
    },
  ]
}

function RemoveAuditor({ auditor: { id, entity_name: name }, onClose }: { auditor: Auditor; onClose(): void }) {
  return (
    <Confirm
      title={words().removeAuditorTitle(name)}
      action={words().remove}
      onClose={onClose}
      run={async () => {
        await send(deleteAuditor, { params: { auditor_id: id } })
        forget('/system/auditors')
        toast(words().removedAuditor(name))
      }}
    >
      <p>{words().removeAuditorHint}</p>
    </Confirm>
  )
}

export function AddAuditor({ onClose }: { onClose(): void }) {
  const [picked, setPicked] = useState<Picked | undefined>(undefined)
  return (
    <FormDialog
      title={words().addAuditor}
      action={words().add}
      onClose={onClose}
      fieldOf={({ status }) => (status === 404 || status === 409 || status === 400 ? 'who' : undefined)}
      submit={async ({ who = '', pulls }) => {
        const name = who.trim()
        await send(createAuditor, { body: { ...holderOf(name, picked), may_pull: pulls === 'on' } })
        forget('/system/auditors')
        toast(words().addedAuditor(name))
      }}
    >
      <PersonField onPick={setPicked} />
      <CheckField name="pulls" label={words().mayPull} hint={words().mayPullHint} />
    </FormDialog>
  )
}

import { useState } from 'preact/hooks'
import { createRoleBinding, deleteRoleBinding, listRoleBindings } from '../../../../api/roles.ts'
import { roleIds, roleOf } from '../../i18n/roles.ts'
import { send } from '../../lib/api.ts'
import { holderOf, type Picked } from '../../lib/people.ts'
import { SelectField } from '../../ui/choices.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { TextField } from '../../ui/form.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { Icon } from '../../ui/icon.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { PersonField } from './person-field.tsx'
import { forgetRoles, mayOf, nameOf, type Binding, type Role } from './role.ts'
import { words } from './words.ts'

type BindingsProps = { project: string; mayChange: boolean }

/** Who holds which role beside the members' one, in the whole project or in some repositories. */
export function Bindings({ project, mayChange }: BindingsProps) {
  const [asked, setAsked] = useState<Binding | undefined>(undefined)
  return (
    <>
      <p class="tab-about">{words().bindingsHint}</p>
      <DataGrid
        label={words().views.bindings}
        operation={listRoleBindings}
        call={{ params: { project_name_or_id: project } }}
        columns={columnsOf()}
        keyOf={({ id }) => id}
        nameOf={({ entity_name: name, role_name: role }) => `${name}, ${role}`}
        {...(mayChange && {
          rowActions: (one: Binding) => [
            { label: words().takeAway, icon: 'trash', isDanger: true, run: () => setAsked(one) },
          ],
        })}
        empty={
          <EmptyState icon="key" title={words().noBindings}>
            {words().noBindingsHint}
          </EmptyState>
        }
      />
      {asked && <TakeAway project={project} binding={asked} onClose={() => setAsked(undefined)} />}
    </>
  )
}

const roleNameOf = ({ role_id: id, role_name: name }: Binding): string =>
  (roleIds as readonly number[]).includes(id) ? roleOf(id).name : name

function columnsOf(): Column<Binding>[] {
  return [
    {
      name: 'who',
      title: words().who,
      cell: (one) => (
        <span class="with-icon">
          <Icon name={one.entity_type === 'u' ? 'user' : 'users'} />
          <strong class="name">{one.entity_name}</strong>
        </span>
      ),
    },
    { name: 'role', title: words().role, cell: (one) => <span class="wrap-text">{roleNameOf(one)}</span> },
    {
      name: 'where',
      title: words().where,
      cell: ({ repositories: pattern }) =>
        pattern === undefined ? words().wholeProject : <code class="wrap-text">{pattern}</code>,
    },
    {
      name: 'since',
      title: words().since,
      hideBelow: 'medium',
      cell: (one) => (
        <>
          <TimeAgo at={one.creation_time} /> <span class="quiet-text">{words().by(one.added_by)}</span>
        </>
      ),
    },
  ]
}

type TakeProps = { project: string; binding: Binding; onClose(): void }

function TakeAway({ project, binding, onClose }: TakeProps) {
  const { id, entity_name: name } = binding
  return (
    <Confirm
      title={words().takeTitle(roleNameOf(binding), name)}
      action={words().takeAway}
      onClose={onClose}
      run={async () => {
        await send(deleteRoleBinding, { params: { project_name_or_id: project, binding_id: id } })
        forgetRoles()
        toast(words().taken(name))
      }}
    >
      <p>{words().takeHint}</p>
    </Confirm>
  )
}

/** Gives a role to somebody, in the whole project or in the repositories that a pattern matches. */
export function AddBinding({ project, roles, onClose }: { project: string; roles: readonly Role[]; onClose(): void }) {
  const [picked, setPicked] = useState<Picked | undefined>(undefined)
  const own = roles.filter(({ built_in: isHarbor }) => !isHarbor)
  const offered = [...own, ...roles.filter(({ built_in: isHarbor }) => isHarbor)]
  const first = String(offered[0]?.id ?? '')
  // Until one is chosen it is the first, also when the list of roles is read anew meanwhile.
  const [chosen, setChosen] = useState<string | undefined>(undefined)
  const role = offered.find(({ id }) => String(id) === (chosen ?? first))
  return (
    <FormDialog
      title={words().give}
      action={words().giveAction}
      onClose={onClose}
      fieldOf={({ status, message }) =>
        /pattern|repositories/.test(message) ? 'pattern' : status === 404 ? 'who' : undefined
      }
      submit={async ({ who = '', pattern = '' }) => {
        const name = who.trim()
        const where = pattern.trim() === '' ? {} : { repositories: pattern.trim() }
        const body = { role_id: role?.id ?? 0, ...where, ...holderOf(name, picked) }
        await send(createRoleBinding, { params: { project_name_or_id: project }, body })
        forgetRoles()
        toast(words().given(role ? nameOf(role) : '', name))
      }}
    >
      <PersonField onPick={setPicked} />
      <SelectField
        key={first}
        name="role"
        label={words().role}
        hint={role && mayOf(role)}
        value={chosen ?? first}
        options={offered.map((one) => ({ value: String(one.id), label: nameOf(one) }))}
        onPick={(one) => setChosen(one)}
      />
      <TextField name="pattern" label={words().where} hint={words().patternHint} maxLength={255} />
    </FormDialog>
  )
}

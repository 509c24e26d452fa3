import { useState } from 'preact/hooks'
import { createProjectRole, createRole, updateRole } from '../../../../api/roles.ts'
import { common } from '../../i18n/common.ts'
import { roleIds, roleOf } from '../../i18n/roles.ts'
import { ApiError, send } from '../../lib/api.ts'
import { rightsInWords } from '../../lib/right-words.ts'
import { SelectField } from '../../ui/choices.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { FieldError, TextField, type Values } from '../../ui/form.tsx'
import { Icon } from '../../ui/icon.tsx'
import { RightsTable } from '../../ui/rights-table.tsx'
import { toast } from '../../ui/toasts.tsx'
import { forgetRoles, type Role } from './role.ts'
import { words } from './words.ts'

type EditProps = {
  /** The role to change; a new one without it. */
  role?: Role
  /** Of a new role: the project that it is for; every project without it. */
  project?: string
  /** The roles whose rights a new one can begin with. */
  from?: readonly Role[]
  onClose(): void
}

/** Asks what a role is called and which rights it gives. */
export function EditRole({ role, project, from = [], onClose }: EditProps) {
  const [rights, setRights] = useState<readonly string[]>(() => (role ? rightsOf(role) : []))
  const harbor = roleIds.flatMap((id) => from.filter((one) => one.id === id))
  return (
    <FormDialog
      title={role ? words().editTitle(role.name) : words().newRole}
      action={role ? common().save : common().create}
      shape="wide"
      onClose={onClose}
      check={() => (rights.length === 0 ? { rights: words().noRights } : {})}
      fieldOf={({ status, message }) => (status === 409 || message.startsWith('name') ? 'name' : undefined)}
      submit={(values) => save(values, rights, { role, project })}
    >
      {role !== undefined && role.bindings > 0 && (
        <p class="note warn">
          <Icon name="alert" /> {words().holdersFollow(role.bindings)}
        </p>
      )}
      <div class="two-fields">
        <TextField
          name="name"
          label={words().name}
          hint={words().nameHint}
          value={role?.name ?? ''}
          maxLength={64}
          isRequired
          autofocus
        />
        <TextField name="description" label={words().description} value={role?.description ?? ''} maxLength={255} />
      </div>
      {!role && harbor.length > 0 && <BeginWith harbor={harbor} onPick={setRights} />}
      <RightsTable kind="project" label={words().rights} rights={rights} onChange={setRights} />
      <FieldError name="rights" />
      <p role="status" class="quiet-text">
        {rights.length > 0 && rightsInWords(rights)}
      </p>
    </FormDialog>
  )
}

type BeginProps = { harbor: readonly Role[]; onPick(rights: string[]): void }

/** Rights to begin with: those of one of Harbor's roles. */
function BeginWith({ harbor, onPick }: BeginProps) {
  return (
    <SelectField
      name="from"
      label={words().beginWith}
      value=""
      options={[
        { value: '', label: words().beginEmpty },
        ...harbor.map(({ id }) => ({ value: String(id), label: roleOf(id).name })),
      ]}
      onPick={(id) => {
        const known = harbor.find((one) => String(one.id) === id)
        onPick(known ? rightsOf(known) : [])
      }}
    />
  )
}

const rightsOf = ({ permissions }: Role) => permissions.map(({ resource, action }) => `${resource}:${action}`)

type Target = { role: Role | undefined; project: string | undefined }

async function save({ name = '', description = '' }: Values, rights: readonly string[], { role, project }: Target) {
  const permissions = rights.map((text) => {
    const at = text.indexOf(':')
    return { resource: text.slice(0, at), action: text.slice(at + 1) }
  })
  const body = { name: name.trim(), description, permissions }
  try {
    if (role) await send(updateRole, { params: { role_id: role.id }, body })
    else if (project === undefined) await send(createRole, { body })
    else await send(createProjectRole, { params: { project_name_or_id: project }, body })
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error
    throw new ApiError(409, error.code, words().nameTaken(body.name), error.requestId)
  }
  forgetRoles()
  toast(words().saved(body.name))
}

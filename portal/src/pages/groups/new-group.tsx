import { useState } from 'preact/hooks'
import { searchLdapGroup } from '../../../../api/ldap.ts'
import { createUserGroup } from '../../../../api/user-groups.ts'
import { common } from '../../i18n/common.ts'
import { useAction } from '../../lib/action.ts'
import { ApiError, send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { systemInfo } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { SelectField } from '../../ui/choices.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { TextField } from '../../ui/form.tsx'
import { Problem } from '../../ui/problem.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

/** Groups of a directory, by Harbor's number. */
const ldap = '1'

const firstKind: Record<string, string> = { http_auth: '2', oidc_auth: '3' }

/** Makes a group known, so that it can have roles. One of the directory is looked up by its name there. */
export function NewGroup({ onClose }: { onClose(): void }) {
  const mode = systemInfo.value?.auth_mode ?? ''
  const first = firstKind[mode] ?? ldap
  const [kind, setKind] = useState(first)
  const [dn, setDn] = useState('')
  return (
    <FormDialog
      title={words().create}
      action={common().create}
      onClose={onClose}
      fieldOf={fieldOf}
      submit={async ({ name = '', dn: typed = '' }) => {
        const body = { group_name: name.trim(), group_type: Number(kind) }
        await send(createUserGroup, { body: kind === ldap ? { ...body, ldap_group_dn: typed.trim() } : body })
        forget('/usergroups')
        toast(words().made(name))
      }}
    >
      <SelectField
        name="kind"
        label={words().kind}
        value={first}
        options={Object.entries(words().kinds).map(([value, label]) => ({ value, label }))}
        onPick={(one) => setKind(one)}
      />
      <TextField name="name" label={words().name} hint={words().nameHint} maxLength={255} isRequired autofocus />
      {kind === ldap && mode === 'ldap_auth' && <LookUp onFound={setDn} />}
      {kind === ldap && (
        <TextField key={dn} name="dn" label={words().dn} hint={words().dnHint} value={dn} maxLength={512} isRequired />
      )}
    </FormDialog>
  )
}

/** Fills in the distinguished name of the group whose name is typed. */
function LookUp({ onFound }: { onFound(dn: string): void }) {
  const search = useAction(async (form: HTMLFormElement) => {
    const typed = new FormData(form).get('name')
    const name = typeof typed === 'string' ? typed.trim() : ''
    const { body } = await send(searchLdapGroup, { query: { groupname: name } }).catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.status !== 404) throw error
      throw new ApiError(404, error.code, words().notInDirectory(name), error.requestId)
    })
    onFound(body[0]?.ldap_group_dn ?? '')
  })
  return (
    <div>
      <Button icon="search" isBusy={search.isRunning} onClick={(event) => void search.run(event.currentTarget.form!)}>
        {words().lookUp}
      </Button>
      {search.error && <Problem error={search.error} />}
    </div>
  )
}

/** The server says in its own words that the directory does not know a distinguished name. */
const fieldOf = ({ status, message }: ApiError): string | undefined =>
  status === 409 ? 'name' : /\bDN\b/.test(message) ? 'dn' : undefined

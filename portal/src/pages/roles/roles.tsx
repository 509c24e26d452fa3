import { useState } from 'preact/hooks'
import { listRoles } from '../../../../api/roles.ts'
import { withQuery } from '../../lib/location.ts'
import { useApi } from '../../lib/query.ts'
import { isAdministrator } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { facetOf } from '../../ui/facets.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { AddAuditor, Auditors } from './auditors.tsx'
import { EditRole } from './edit-role.tsx'
import { RoleGrid } from './role-grid.tsx'
import { words } from './words.ts'

/** The roles that can be given in every project, and the auditors of the system. */
export default function Roles() {
  const view = facetOf('view') === 'auditors' ? 'auditors' : 'roles'
  const [isAsked, setAsked] = useState(false)
  const mayChange = isAdministrator.value
  const { data } = useApi(listRoles, { query: { page_size: 100 } }, { isOn: isAsked && view === 'roles' })
  const close = () => setAsked(false)
  return (
    <>
      <PageHeader
        title={words().roles}
        about={words().rolesAbout}
        actions={
          mayChange && (
            <Button tone="main" icon="add" onClick={() => setAsked(true)}>
              {view === 'roles' ? words().newRole : words().addAuditor}
            </Button>
          )
        }
      />
      <Tabs
        label={words().roles}
        tabs={(['roles', 'auditors'] as const).map((one) => ({
          to: withQuery({
            view: one === 'roles' ? undefined : one,
            page: undefined,
            after: undefined,
            before: undefined,
          }),
          label: words()[one],
          isCurrent: one === view,
        }))}
      />
      {view === 'roles' ? <RoleGrid mayChange={mayChange} /> : <Auditors mayChange={mayChange} />}
      {isAsked && view === 'roles' && data && <EditRole from={data} onClose={close} />}
      {isAsked && view === 'auditors' && <AddAuditor onClose={close} />}
    </>
  )
}

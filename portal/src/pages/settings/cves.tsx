import { getSystemCVEAllowlist, putSystemCVEAllowlist } from '../../../../api/cve-allowlist.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { dayOf, endOfDay } from '../../lib/days.ts'
import { forget, useApi } from '../../lib/query.ts'
import { Form, TextField } from '../../ui/form.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

/** The vulnerabilities that every project accepts. */
export function AcceptedCves() {
  const found = useApi(getSystemCVEAllowlist, {})
  if (found.error && !found.data) return <ErrorState error={found.error} onRetry={found.refresh} />
  if (!found.data) return <div class="page-loading" aria-busy="true" />
  const { items, expires_at: expiresAt } = found.data
  return (
    <div class="settings">
      <p class="tab-about">{words().cvesAbout}</p>
      <Form
        key={`${items.length} ${expiresAt}`}
        action={common().save}
        fieldOf={({ status }) => (status === 400 ? 'cves' : undefined)}
        submit={async ({ cves = '', until = '' }) => {
          const ids = [...new Set(cves.split(/[\s,]+/).filter(Boolean))]
          const end = until === '' ? {} : { expires_at: endOfDay(until) }
          await send(putSystemCVEAllowlist, { body: { items: ids.map((id) => ({ cve_id: id })), ...end } })
          forget('/system/CVEAllowlist')
          toast(words().saved)
        }}
      >
        <TextField
          name="cves"
          label={words().cves}
          hint={words().cvesHint}
          rows={8}
          placeholder="CVE-2024-1234"
          value={items.map((one) => one.cve_id).join('\n')}
        />
        <TextField
          name="until"
          type="date"
          label={words().expires}
          hint={words().expiresHint}
          value={dayOf(expiresAt)}
        />
      </Form>
    </div>
  )
}

import { useState } from 'preact/hooks'
import type { PageProps } from '../../lib/page.ts'
import { useApi } from '../../lib/query.ts'
import { PageHeader } from '../../ui/header.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { systemSide } from './side.ts'
import { WebhookActions } from './webhook-actions.tsx'
import { WebhookDetail } from './webhook-detail.tsx'
import type { OpenWebhook } from './webhook-list.tsx'
import { words } from './words.ts'

/** A webhook of the system. */
export default function Webhook({ params: { id } }: PageProps<'id'>) {
  const [open, setOpen] = useState<OpenWebhook>(undefined)
  const params = { ...systemSide.params, webhook_policy_id: Number(id) }
  const { data: policy, error, refresh } = useApi(systemSide.api.getPolicy, { params })
  if (!policy) return error ? <ErrorState isPage error={error} onRetry={refresh} /> : <div class="page-loading" />
  return (
    <>
      <PageHeader
        title={policy.name}
        path={[{ to: systemSide.list, label: words().title }]}
        actions={<WebhookActions policy={policy} onOpen={setOpen} />}
      />
      <WebhookDetail side={systemSide} policy={policy} mayChange open={open} onOpen={setOpen} />
    </>
  )
}

import { common } from '../../i18n/common.ts'
import { Button } from '../../ui/button.tsx'
import type { Policy } from './side.ts'
import type { OpenWebhook } from './webhook-list.tsx'
import { words } from './words.ts'

/** What can be done with the webhook of a page. */
export function WebhookActions({ policy, onOpen }: { policy: Policy; onOpen(open: OpenWebhook): void }) {
  return (
    <>
      <Button icon="trash" tone="danger" onClick={() => onOpen({ what: 'delete', policy })}>
        {common().delete}
      </Button>
      <Button icon="edit" onClick={() => onOpen({ what: 'edit', policy })}>
        {words().edit}
      </Button>
      <Button icon="play" tone="main" onClick={() => onOpen({ what: 'test', policy })}>
        {words().test}
      </Button>
    </>
  )
}

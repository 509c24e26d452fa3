import { useState } from 'preact/hooks'
import { Button } from '../../ui/button.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { systemSide } from './side.ts'
import { WebhookList, type OpenWebhook } from './webhook-list.tsx'
import { words } from './words.ts'

/** The webhooks of the system. */
export default function Webhooks() {
  const [open, setOpen] = useState<OpenWebhook>(undefined)
  const add = (
    <Button tone="main" icon="add" onClick={() => setOpen({ what: 'add' })}>
      {words().add}
    </Button>
  )
  return (
    <>
      <PageHeader title={words().title} about={words().aboutSystem} actions={add} />
      <WebhookList side={systemSide} mayChange open={open} onOpen={setOpen} />
    </>
  )
}

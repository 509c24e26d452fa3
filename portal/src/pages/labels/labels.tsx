import { useState } from 'preact/hooks'
import { canInSystem } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { LabelList, type OpenLabel } from './label-list.tsx'
import { words } from './words.ts'

/** The global labels. */
export default function Labels() {
  const [open, setOpen] = useState<OpenLabel>(undefined)
  const add = canInSystem('label', 'create') && (
    <Button tone="main" icon="add" onClick={() => setOpen({ what: 'add' })}>
      {words().add}
    </Button>
  )
  return (
    <>
      <PageHeader title={words().title} about={words().aboutSystem} actions={add} />
      <LabelList mayChange={canInSystem('label', 'update')} open={open} onOpen={setOpen} add={add} />
    </>
  )
}

import { useState } from 'preact/hooks'
import { isAdministrator } from '../../lib/session.ts'
import { PageHeader } from '../../ui/header.tsx'
import { RuleActions } from './rule-actions.tsx'
import { RuleList, type OpenRule } from './rule-list.tsx'
import { words } from './words.ts'

/** The trust rules of the system. */
export default function Workloads() {
  const [open, setOpen] = useState<OpenRule>(undefined)
  const mayChange = isAdministrator.value
  return (
    <>
      <PageHeader
        title={words().title}
        about={words().aboutSystem}
        actions={<RuleActions mayChange={mayChange} onOpen={setOpen} />}
      />
      <RuleList owner={undefined} mayChange={mayChange} open={open} onOpen={setOpen} />
    </>
  )
}

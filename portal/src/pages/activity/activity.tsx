import { listAuditLogExts } from '../../../../api/audit.ts'
import { PageHeader } from '../../ui/header.tsx'
import { ActivityList } from './activity-list.tsx'
import { ExportButton } from './export-button.tsx'
import { words } from './words.ts'

/** The log of all that the caller may see. */
export default function Activity() {
  const log = { operation: listAuditLogExts }
  return (
    <>
      <PageHeader title={words().title} about={words().aboutSystem} actions={<ExportButton {...log} />} />
      <ActivityList {...log} />
    </>
  )
}

import { useState } from 'preact/hooks'
import type { listAuditLogExts } from '../../../../api/audit.ts'
import { useAction } from '../../lib/action.ts'
import { send, type Answer } from '../../lib/api.ts'
import { linksOf } from '../../lib/links.ts'
import { showCount } from '../../lib/show.ts'
import { Button } from '../../ui/button.tsx'
import { facetOf } from '../../ui/facets.tsx'
import { toast } from '../../ui/toasts.tsx'
import type { Log } from './activity-list.tsx'
import { auditQ, type Entry } from './entry.ts'
import { exportLimit, saveAs, toCsv } from './export.ts'
import { words } from './words.ts'

/** Saves what the filters choose as a file, page by page. */
export function ExportButton({ operation, params }: Log) {
  const [read, setRead] = useState(0)
  const work = useAction(async () => {
    const entries = await readAll({ operation, ...(params && { params }) }, setRead)
    saveAs('activity.csv', 'text/csv;charset=utf-8', toCsv(entries))
    const count = showCount(entries.length)
    toast(entries.length < exportLimit ? words().exported(count) : words().exportCut(count))
  })
  const run = async () => {
    setRead(0)
    if (!(await work.run())) toast(work.error?.message ?? words().export, { isBad: true })
  }
  return (
    <Button icon="download" isBusy={work.isRunning} onClick={() => void run()}>
      {work.isRunning ? words().exporting(showCount(read)) : words().export}
    </Button>
  )
}

async function readAll({ operation, params }: Log, onRead: (count: number) => void): Promise<Entry[]> {
  const q = auditQ(facetOf('q'))
  const query = { page_size: 100, sort: facetOf('sort') || '-op_time', ...(q === '' ? {} : { q }) }
  const entries: Entry[] = []
  let after: string | undefined = ''
  while (after !== undefined && entries.length < exportLimit) {
    const call = { ...(params && { params }), query: after === '' ? query : { ...query, after } }
    const page: Answer<typeof listAuditLogExts> = await send(operation as typeof listAuditLogExts, call)
    entries.push(...page.body)
    onRead(entries.length)
    after = page.body.length === 0 ? undefined : linksOf(page.headers.get('link') ?? '').next?.['after']
  }
  return entries.slice(0, exportLimit)
}

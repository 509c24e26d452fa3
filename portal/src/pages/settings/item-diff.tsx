import { updateConfigurations } from '../../../../api/configurations.ts'
import { common } from '../../i18n/common.ts'
import { useAction } from '../../lib/action.ts'
import { send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { Problem } from '../../ui/problem.tsx'
import { toast } from '../../ui/toasts.tsx'
import type { AnyItem } from './items.ts'
import type { Change, Value } from './use-items.ts'
import { words } from './words.ts'

type DiffProps = { changes: Change[]; onClose(): void; onDone(): void }

/** What a save would change, line by line. */
export function Diff({ changes, onClose, onDone }: DiffProps) {
  const work = useAction(async () => {
    const body = Object.fromEntries(changes.map(({ item, after }) => [item.name, after]))
    await send(updateConfigurations, { body })
    forget('/configurations', '/systeminfo')
    toast(words().saved)
  })
  const save = async () => {
    if (!(await work.run())) return
    onDone()
    onClose()
  }
  return (
    <Dialog
      title={words().diffTitle}
      shape="wide"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{common().cancel}</Button>
          <Button tone="main" isBusy={work.isRunning} onClick={() => void save()}>
            {common().save}
          </Button>
        </>
      }
    >
      <p class="tab-about">{words().diffHint}</p>
      <PlainTable
        label={words().diffTitle}
        rows={changes}
        keyOf={({ item }) => item.name}
        columns={[
          {
            name: 'item',
            title: words().item,
            cell: ({ item }) => words().items[item.name]?.[0] ?? item.name,
          },
          { name: 'before', title: words().before, cell: ({ item, before }) => <del>{show(item, before)}</del> },
          {
            name: 'after',
            title: words().after,
            cell: ({ item, after }) => <ins>{item.kind === 'secret' ? words().newSecret : show(item, after)}</ins>,
          },
        ]}
      />
      {work.error && <Problem error={work.error} />}
    </Dialog>
  )
}

function show({ kind }: AnyItem, value: Value | undefined): string {
  if (kind === 'secret') return words().hidden
  if (kind === 'flag') return value === true ? words().on : words().off
  if (value === undefined || value === '') return words().empty
  return kind === 'choice' ? (words().choices[String(value)] ?? String(value)) : String(value)
}

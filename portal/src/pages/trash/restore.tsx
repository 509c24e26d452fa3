import { useAction } from '../../lib/action.ts'
import { common } from '../../i18n/common.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Problem } from '../../ui/problem.tsx'
import { bringsOf, bytesOf, nameOf, restore, tellRestored, type Entry } from './entry.ts'
import { words } from './words.ts'

/** Says what comes back, and takes the deletion back. */
export function Restore({ project, entry, onClose }: { project: string; entry: Entry; onClose(): void }) {
  const work = useAction(() => restore(project, entry))
  const run = async () => {
    if (!(await work.run())) return
    tellRestored(entry)
    onClose()
  }
  return (
    <Dialog
      title={words().restoreTitle(nameOf(entry))}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{common().cancel}</Button>
          <Button tone="main" icon="refresh" isBusy={work.isRunning} onClick={() => void run()}>
            {words().restore}
          </Button>
        </>
      }
    >
      <p>{words().restoreHint(bringsOf(entry))}</p>
      {entry.tags.length > 0 && <p class="names">{entry.tags.join(', ')}</p>}
      <p>{bytesOf(entry)}</p>
      <p class="quiet-text">{words().restoreMore}</p>
      {work.error && <Problem error={work.error} />}
    </Dialog>
  )
}

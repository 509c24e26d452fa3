import { useState } from 'preact/hooks'
import { artifactWords } from '../i18n/artifact.ts'
import type { Can } from '../lib/rights.ts'
import { CopyArtifact } from './artifact-copy.tsx'
import { AddTag, DeleteArtifact, RemoveTag } from './artifact-dialogs.tsx'
import { ChooseLabels } from './artifact-labels.tsx'
import type { Target } from './artifact-target.ts'
import type { MenuItem } from './menu.tsx'

const dialogs = { tag: AddTag, untag: RemoveTag, delete: DeleteArtifact, labels: ChooseLabels, copy: CopyArtifact }

/**
 * What can be done with an artifact: items for a menu, and the dialog that one of them has opened. What the caller may
 * not do is shown with the reason. `onGone`: after a deletion.
 */
export function useArtifactActions(can: Can, onGone?: () => void) {
  const [open, setOpen] = useState<{ kind: keyof typeof dialogs; target: Target } | undefined>(undefined)
  const words = artifactWords()
  const unless = (resource: string, action: string) => (can(resource, action) ? undefined : words.notYours)
  const items = (target: Target): MenuItem[] => {
    const ask = (kind: keyof typeof dialogs) => () => setOpen({ kind, target })
    const untag = {
      label: words.untag,
      icon: 'close' as const,
      isDanger: true,
      run: ask('untag'),
      disabledBecause: unless('tag', 'delete') ?? (target.isImmutable === true ? words.immutable : undefined),
    }
    return [
      { label: words.addTag, icon: 'tag', run: ask('tag'), disabledBecause: unless('tag', 'create') },
      { label: words.labels, icon: 'label', run: ask('labels'), disabledBecause: unless('artifact-label', 'create') },
      { label: words.copyTo, icon: 'copy', run: ask('copy') },
      ...(target.tag === undefined ? [] : [untag]),
      {
        label: words.delete,
        icon: 'trash',
        isDanger: true,
        run: ask('delete'),
        disabledBecause: unless('artifact', 'delete'),
      },
    ]
  }
  const View = open && dialogs[open.kind]
  const dialog = open && View && (
    <View target={open.target} onClose={() => setOpen(undefined)} {...(onGone ? { onGone } : {})} />
  )
  return { items, dialog }
}

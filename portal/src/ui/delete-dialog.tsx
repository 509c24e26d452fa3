import type { ComponentChildren } from 'preact'
import { common } from '../i18n/common.ts'
import { Confirm } from './confirm.tsx'
import { forget } from '../lib/query.ts'
import { toast } from './toasts.tsx'

type DeleteProps = {
  title: string
  /** What goes with it, and whether it can be undone. */
  hint: ComponentChildren
  /** This name has to be typed first: for what cannot be undone. */
  typed?: string
  refusedBecause?: string | undefined
  run(): Promise<unknown>
  /** The paths whose answers are asked again. */
  forgets: string[]
  /** What is told when it is done. */
  gone: string
  /** More that is asked, below the hint. */
  children?: ComponentChildren
  onClose(): void
  onDone?(): void
}

/** Asks before something is deleted, deletes it, and tells so. */
export function DeleteDialog({ hint, run, forgets, gone, onDone, children, ...dialog }: DeleteProps) {
  return (
    <Confirm
      {...dialog}
      action={common().delete}
      run={async () => {
        await run()
        onDone?.()
        forget(...forgets)
        toast(gone)
      }}
    >
      <p>{hint}</p>
      {children}
    </Confirm>
  )
}

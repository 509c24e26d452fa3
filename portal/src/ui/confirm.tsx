import type { ComponentChildren } from 'preact'
import { useId, useState } from 'preact/hooks'
import { common } from '../i18n/common.ts'
import { useAction } from '../lib/action.ts'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { Problem } from './problem.tsx'

type ConfirmProps = {
  title: string
  /** What will happen, with counts, bytes and names. */
  children: ComponentChildren
  /** The word on the button: what it does. */
  action: string
  /** This name has to be typed first: for what cannot be undone. */
  typed?: string
  /** Why it cannot be done now, as the server says. */
  refusedBecause?: string | undefined
  run(): Promise<void>
  onClose(): void
}

/** Asks before something dangerous. Stays open with the error when that fails, closes when it works. */
export function Confirm({ title, children, action, typed, refusedBecause, run, onClose }: ConfirmProps) {
  const [text, setText] = useState('')
  const work = useAction(run)
  const id = useId()
  const isReady = (typed === undefined || text === typed) && refusedBecause === undefined
  const confirm = async () => {
    if (isReady && (await work.run())) onClose()
  }
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{common().cancel}</Button>
          <Button
            tone="danger"
            isBusy={work.isRunning}
            disabledBecause={isReady ? undefined : (refusedBecause ?? common().typeToConfirm(typed ?? ''))}
            onClick={() => void confirm()}
          >
            {action}
          </Button>
        </>
      }
    >
      {children}
      {refusedBecause !== undefined && <p class="note bad">{refusedBecause}</p>}
      {typed !== undefined && refusedBecause === undefined && (
        <form
          class="typed"
          onSubmit={(event) => {
            event.preventDefault()
            void confirm()
          }}
        >
          <label for={id}>{common().typeToConfirm(typed)}</label>
          <input
            id={id}
            autocomplete="off"
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </form>
      )}
      {work.error && <Problem error={work.error} />}
    </Dialog>
  )
}

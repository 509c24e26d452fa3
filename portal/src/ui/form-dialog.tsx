import type { ComponentChildren } from 'preact'
import { useId, useRef, useState } from 'preact/hooks'
import { common } from '../i18n/common.ts'
import type { ApiError } from '../lib/api.ts'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { Form, type FieldErrors, type Values } from './form.tsx'
import { Icon } from './icon.tsx'

type FormDialogProps = {
  title: string
  /** The word on the button. */
  action: string
  check?(values: Values): FieldErrors
  /** Sends the values; the dialog closes when that works, and else shows the error. */
  submit(values: Values): Promise<void>
  /** A button of its own that tries the values before they are saved; `worked` is shown when that succeeds. */
  trial?: { label: string; worked: string; run(values: Values): Promise<void> }
  fieldOf?(error: ApiError): string | undefined
  onClose(): void
  shape?: 'dialog' | 'wide' | 'drawer'
  children: ComponentChildren
}

/** A form in a dialog, with its buttons at the bottom. */
export function FormDialog({ title, action, submit, trial, onClose, shape, children, ...form }: FormDialogProps) {
  const id = useId()
  const [isBusy, setBusy] = useState(false)
  const [hasWorked, setWorked] = useState(false)
  const isTrial = useRef(false)
  const send = async (values: Values) => {
    setWorked(false)
    if (trial && isTrial.current) {
      await trial.run(values)
      return setWorked(true)
    }
    await submit(values)
    return onClose()
  }
  const submitButton = { type: 'submit', form: id, isBusy } as const
  return (
    <Dialog
      title={title}
      onClose={onClose}
      {...(shape && { shape })}
      actions={
        <>
          <Button onClick={onClose}>{common().cancel}</Button>
          {trial && (
            <Button {...submitButton} icon="refresh" onClick={() => (isTrial.current = true)}>
              {trial.label}
            </Button>
          )}
          <Button {...submitButton} tone="main" onClick={() => (isTrial.current = false)}>
            {action}
          </Button>
        </>
      }
    >
      <Form {...form} id={id} onBusy={setBusy} submit={send}>
        {children}
        {trial && <div role="status">{hasWorked && <Worked text={trial.worked} />}</div>}
      </Form>
    </Dialog>
  )
}

const Worked = ({ text }: { text: string }) => (
  <p class="note info">
    <Icon name="check" /> {text}
  </p>
)

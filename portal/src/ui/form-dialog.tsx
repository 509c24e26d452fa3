import type { ComponentChildren } from 'preact'
import { useId, useState } from 'preact/hooks'
import { common } from '../i18n/common.ts'
import type { ApiError } from '../lib/api.ts'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { Form, type FieldErrors, type Values } from './form.tsx'

type FormDialogProps = {
  title: string
  /** The word on the button. */
  action: string
  check?(values: Values): FieldErrors
  /** Sends the values; the dialog closes when that works, and else shows the error. */
  submit(values: Values): Promise<void>
  fieldOf?(error: ApiError): string | undefined
  onClose(): void
  shape?: 'dialog' | 'wide' | 'drawer'
  children: ComponentChildren
}

/** A form in a dialog, with its buttons at the bottom. */
export function FormDialog({ title, action, submit, onClose, shape, children, ...form }: FormDialogProps) {
  const id = useId()
  const [isBusy, setBusy] = useState(false)
  return (
    <Dialog
      title={title}
      onClose={onClose}
      {...(shape && { shape })}
      actions={
        <>
          <Button onClick={onClose}>{common().cancel}</Button>
          <Button tone="main" type="submit" form={id} isBusy={isBusy}>
            {action}
          </Button>
        </>
      }
    >
      <Form
        {...form}
        id={id}
        onBusy={setBusy}
        submit={async (values) => {
          await submit(values)
          onClose()
        }}
      >
        {children}
      </Form>
    </Dialog>
  )
}

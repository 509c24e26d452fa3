import { createContext, type ComponentChildren } from 'preact'
import { useContext, useEffect, useId, useRef, useState } from 'preact/hooks'
import { common } from '../i18n/common.ts'
import { useAction } from '../lib/action.ts'
import type { ApiError } from '../lib/api.ts'
import { Button } from './button.tsx'
import { Problem } from './problem.tsx'

/** The values of a form's fields by their names; of a check box `on`, or nothing. */
export type Values = Readonly<Record<string, string>>
/** What is wrong, by the name of the field. */
export type FieldErrors = Record<string, string | undefined>

type FormProps = {
  /** By which buttons outside of the form submit it. */
  id?: string
  /** What is wrong with these values, before they are sent. */
  check?(values: Values): FieldErrors
  /** Sends the values; rejects with ApiError. */
  submit(values: Values): Promise<void>
  /** The field that an error of the server is about, where the error does not begin with the field's name. */
  fieldOf?(error: ApiError): string | undefined
  /** Tells a button outside of the form whether it is being sent. */
  onBusy?(isBusy: boolean): void
  /** The word on the button; without one the form has none of its own. */
  action?: string
  children: ComponentChildren
}

const errorsOfForm = createContext<FieldErrors>({})

/**
 * A form whose fields keep their own values. Errors stand at their fields; the first wrong field gets the focus. Errors
 * of the server that belong to no field stand at the end.
 */
export function Form({ id, check, submit, fieldOf, onBusy, action, children }: FormProps) {
  const form = useRef<HTMLFormElement>(null)
  const [errors, setErrors] = useState<FieldErrors>({})
  const sending = useAction(submit)
  const field = sending.error && (fieldOf?.(sending.error) ?? fieldNamedIn(sending.error, form.current))
  const shown = field === undefined ? errors : { ...errors, [field]: sending.error!.message }
  const count = Object.values(shown).filter((one) => one !== undefined).length
  useEffect(() => onBusy?.(sending.isRunning), [sending.isRunning])
  useEffect(() => {
    if (count > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [errors, sending.error])
  const onSubmit = async (event: SubmitEvent) => {
    event.preventDefault()
    const values = valuesOf(form.current!)
    const found = { ...findEmpty(form.current!), ...check?.(values) }
    setErrors(found)
    sending.clear()
    if (Object.values(found).every((one) => one === undefined)) await sending.run(values)
  }
  return (
    <form ref={form} id={id} class="form" noValidate onSubmit={(event) => void onSubmit(event)}>
      <errorsOfForm.Provider value={shown}>{children}</errorsOfForm.Provider>
      <div role="status" class="only-read">
        {count > 0 ? common().checkFields(count) : ''}
      </div>
      {sending.error && field === undefined && <Problem error={sending.error} />}
      {action !== undefined && (
        <div class="form-foot">
          <Button type="submit" tone="main" isBusy={sending.isRunning}>
            {action}
          </Button>
        </div>
      )}
    </form>
  )
}

/** The field with whose name a refusal begins, such as `name must not be empty` or `targets[0].address is missing`. */
function fieldNamedIn({ status, message }: ApiError, form: HTMLFormElement | null): string | undefined {
  const [path] = /^[\w.[\]-]+(?= )/.exec(message) ?? []
  if ((status !== 400 && status !== 422) || path === undefined) return undefined
  const names = [path, path.slice(path.lastIndexOf('.') + 1)]
  // Of the fields, those that show their errors have this attribute.
  return names.find((name) => form?.querySelector(`[name="${CSS.escape(name)}"][aria-invalid]`))
}

function valuesOf(form: HTMLFormElement): Values {
  const entries = [...new FormData(form)].flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : []))
  return Object.fromEntries(entries) as Values
}

/** What the browser itself finds wrong, such as an empty field that is required, in its own words. */
function findEmpty(form: HTMLFormElement): FieldErrors {
  const fields = [...form.querySelectorAll<HTMLInputElement>('input[name], textarea[name], select[name]')]
  return Object.fromEntries(fields.filter((one) => !one.validity.valid).map((one) => [one.name, one.validationMessage]))
}

type FieldProps = {
  name: string
  label: string
  /** What belongs here, and what follows from it. */
  hint?: ComponentChildren
  isRequired?: boolean
  /** Gets what ties the input to its label, hint and error. */
  children(tie: Tie): ComponentChildren
}
export type Tie = {
  'id': string
  'name': string
  'required': boolean
  'aria-invalid': boolean
  'aria-describedby': string | undefined
}

/** A label, an input, its hint and its error. */
export function Field({ name, label, hint, isRequired = false, children }: FieldProps) {
  const id = useId()
  const error = useContext(errorsOfForm)[name]
  const described = [hint !== undefined && `${id}-hint`, error !== undefined && `${id}-error`].filter(Boolean).join(' ')
  return (
    <div class="field">
      <label for={id}>
        {label}
        {isRequired && <span class="quiet-text"> ({common().required})</span>}
      </label>
      {children({
        'id': id,
        name,
        'required': isRequired,
        'aria-invalid': error !== undefined,
        'aria-describedby': described === '' ? undefined : described,
      })}
      {hint !== undefined && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
      {error !== undefined && (
        <p id={`${id}-error`} class="field-error">
          {error}
        </p>
      )}
    </div>
  )
}

/** What is wrong with something that is no `Field`, such as a group of choices. */
export function FieldError({ name }: { name: string }) {
  const error = useContext(errorsOfForm)[name]
  return error === undefined ? null : <p class="field-error">{error}</p>
}

type TextFieldProps = Omit<FieldProps, 'children'> & {
  value?: string
  type?: 'text' | 'password' | 'number' | 'email' | 'url' | 'date'
  placeholder?: string
  autocomplete?: string
  autofocus?: boolean
  minLength?: number
  maxLength?: number
  pattern?: string
  min?: number
  max?: number
  /** `any` lets a number have decimals. */
  step?: string
  /** A field of several lines. */
  rows?: number
}

/** A field of text. `value` is where it begins. */
export function TextField({
  name,
  label,
  hint,
  isRequired,
  value,
  rows,
  type = 'text',
  autofocus,
  ...input
}: TextFieldProps) {
  const field = useRef<HTMLInputElement>(null)
  // The types of inputs differ in what they take; these take the same.
  const given = { ...input, type } as typeof input & { type: 'text' }
  // The attribute alone works at the load of a document, and when a dialog opens.
  useEffect(() => {
    if (autofocus) field.current?.focus()
  }, [])
  return (
    <Field name={name} label={label} hint={hint} isRequired={isRequired ?? false}>
      {(tie) =>
        rows === undefined ? (
          <input ref={field} {...tie} {...given} autofocus={autofocus} defaultValue={value ?? ''} spellcheck={false} />
        ) : (
          <textarea
            {...tie}
            rows={rows}
            placeholder={input.placeholder}
            maxLength={input.maxLength}
            defaultValue={value ?? ''}
          />
        )
      }
    </Field>
  )
}

type CheckProps = { name: string; label: string; hint?: string; isOn?: boolean; onPick?(isOn: boolean): void }

/** A check box, with its label behind it. */
export function CheckField({ name, label, hint, isOn = false, onPick }: CheckProps) {
  const id = useId()
  return (
    <div class="field check">
      <input
        type="checkbox"
        id={id}
        name={name}
        defaultChecked={isOn}
        onChange={(event) => onPick?.(event.currentTarget.checked)}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
      />
      <label for={id}>{label}</label>
      {hint !== undefined && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
    </div>
  )
}

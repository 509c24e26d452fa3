import { passwordWords } from '../i18n/password.ts'
import { TextField, type FieldErrors, type Values } from './form.tsx'

/** What is wrong with the password in the fields below, by the server's rule. */
export function checkNewPassword({ password = '', again = '' }: Values): FieldErrors {
  const isGood = /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d).{8,128}$/s.test(password)
  return {
    ...(password !== '' && !isGood ? { password: passwordWords().bad } : {}),
    ...(again !== '' && again !== password ? { again: passwordWords().notSame } : {}),
  }
}

type FieldsProps = { /** It replaces another one. */ isNext?: boolean; autofocus?: boolean }

/** The fields `password` and `again`, in which somebody chooses a password. */
export function NewPasswordFields({ isNext = false, autofocus = false }: FieldsProps) {
  const words = passwordWords()
  return (
    <>
      <TextField
        name="password"
        type="password"
        label={isNext ? words.next : words.password}
        hint={words.hint}
        autocomplete="new-password"
        autofocus={autofocus}
        isRequired
      />
      <TextField
        name="again"
        type="password"
        label={isNext ? words.nextAgain : words.passwordAgain}
        autocomplete="new-password"
        isRequired
      />
    </>
  )
}

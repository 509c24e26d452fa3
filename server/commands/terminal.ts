import { styleText } from 'node:util'

/** Commands print their answers on stdout; logs and errors go to stderr. */
export const print = (text: string): void => void process.stdout.write(`${text}\n`)

export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2))

export const bold = (text: string): string => (process.stdout.isTTY ? styleText('bold', text) : text)

export const dim = (text: string): string => (process.stdout.isTTY ? styleText('dim', text) : text)

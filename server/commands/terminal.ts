import { styleText } from 'node:util'

/** Commands answer on stdout; what is logged, or goes wrong, is told on stderr. */
export const print = (text: string): void => void process.stdout.write(`${text}\n`)

export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2))

export const bold = (text: string): string => (process.stdout.isTTY ? styleText('bold', text) : text)

export const dim = (text: string): string => (process.stdout.isTTY ? styleText('dim', text) : text)

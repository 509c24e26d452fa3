import type { Entry } from './entry.ts'

/** The most entries in one file. */
export const exportLimit = 10_000

const columns = [
  'op_time',
  'username',
  'operation',
  'resource_type',
  'resource',
  'operation_result',
  'client_address',
  'request_id',
  'event_id',
  'operation_description',
] as const

/** Entries as CSV (RFC 4180) with a line of names first. */
export function toCsv(entries: readonly Entry[]): string {
  const lines = entries.map((entry) => columns.map((name) => cell(String(entry[name] ?? ''))).join(','))
  return `${[columns.join(','), ...lines].join('\r\n')}\r\n`
}

/** Spreadsheets run cells that begin with one of these signs as a formula; an apostrophe before it makes it text. */
const cell = (text: string): string => {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Hands a text to the browser as a file to save. */
export function saveAs(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}

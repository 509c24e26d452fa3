/**
 * JSON text that PostgreSQL's jsonb accepts, whatever the value: without NULs and half surrogate pairs, which jsonb
 * refuses, in strings and in keys.
 */
export function jsonbText(value: unknown): string {
  return JSON.stringify(cleaned(value))
}

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '').toWellFormed()
  if (Array.isArray(value)) return value.map(cleaned)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [cleaned(key), cleaned(one)]))
}

/**
 * Reads of which no caller gets one that began before it asked. For each key one read runs at a time, and all callers
 * that ask meanwhile share the next (single flight). Without it, thousands of callers that ask at once for a key that
 * is blocked, or while the lease has lapsed, would each read the database.
 */
export function openFreshReads(): (key: string, read: () => Promise<unknown>) => Promise<unknown> {
  const lines = new Map<string, { running: Promise<unknown>; next: Promise<unknown> | undefined }>()

  const begin = (key: string, read: () => Promise<unknown>): Promise<unknown> => {
    const line = { running: read(), next: undefined }
    lines.set(key, line)
    const end = () => void (lines.get(key) === line && line.next === undefined && lines.delete(key))
    line.running.then(end, end)
    return line.running
  }

  return (key, read) => {
    const line = lines.get(key)
    if (!line) return begin(key, read)
    const start = () => begin(key, read)
    return (line.next ??= line.running.then(start, start))
  }
}

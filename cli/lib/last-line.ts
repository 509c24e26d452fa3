/** The last line of a job's log, without its time and level. */
export function lastLine(log: string): string {
  return (log.trimEnd().split('\n').at(-1) ?? '').replace(/^\S+ \[[A-Z]+\] /, '')
}

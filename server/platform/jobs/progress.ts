import type { Params } from './type.ts'

type Progress = {
  note(attrs: Params): void
  /** Writes what is still in memory; resolves once all is written. */
  flush(): Promise<void>
  /** These are written elsewhere now, after whatever is under way: what was noted of them before is older. */
  overtake(attrs: Params): Promise<void>
}

/** Progress is written at most this often, in ms. */
const everyMs = 1000

/** Gathers how far a job is. One write at a time, in order: an older one must not come after a newer one. `write` does not reject. */
export function openProgress(write: (attrs: Params) => Promise<void>): Progress {
  let noted: Params = {}
  let timer: NodeJS.Timeout | undefined
  let writing = Promise.resolve()

  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    const attrs = noted
    noted = {}
    if (Object.keys(attrs).length > 0) writing = writing.then(() => write(attrs))
    return writing
  }

  return {
    note(attrs) {
      Object.assign(noted, attrs)
      timer ??= setTimeout(() => void flush(), everyMs)
    },
    flush,
    overtake(attrs) {
      for (const name of Object.keys(attrs)) delete noted[name]
      return writing
    },
  }
}

import type { Params } from './type.ts'

type Progress = {
  note(attrs: Params): void
  /** Writes the progress that is still in memory; resolves once all is written. */
  flush(): Promise<void>
  /** Drops noted values of these attributes, which the job now writes itself, after a write under way has ended. */
  overtake(attrs: Params): Promise<void>
}

/** Progress is written at most this often, in ms. */
const everyMs = 1000

/**
 * Gathers a job's progress and writes it at most once a second: one write at a time, so that an older one cannot come
 * after a newer one. `write` must not reject.
 */
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

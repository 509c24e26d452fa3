/** Work that is repeated until it is disposed. */
type Repeated = AsyncDisposable

/**
 * Runs `work` at once, and again `ms` after each end. Disposing aborts its signal and waits for it. Errors go to
 * `onError`.
 */
export function every(
  ms: number,
  work: (signal: AbortSignal) => Promise<void>,
  onError: (error: unknown) => void,
): Repeated {
  const abort = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const run = async () => {
    await work(abort.signal).catch((error: unknown) => {
      if (!abort.signal.aborted) onError(error)
    })
    if (!abort.signal.aborted) {
      timer = setTimeout(() => {
        running = run()
      }, ms)
      timer.unref()
    }
  }
  let running = run()
  return {
    async [Symbol.asyncDispose]() {
      abort.abort()
      clearTimeout(timer)
      await running
    },
  }
}

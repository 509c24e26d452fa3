import { useRef, useState } from 'preact/hooks'
import { ApiError } from './api.ts'

type Action<Args extends unknown[]> = {
  /** Resolves with whether it worked; an error is in `error`. A second run waits for nobody: it is left out. */
  run(...args: Args): Promise<boolean>
  isRunning: boolean
  error: ApiError | undefined
  clear(): void
}

/** Work that changes something, with its state for a button or a form. */
export function useAction<Args extends unknown[]>(work: (...args: Args) => Promise<void>): Action<Args> {
  const [{ isRunning, error }, setState] = useState<{ isRunning: boolean; error: ApiError | undefined }>({
    isRunning: false,
    error: undefined,
  })
  const running = useRef(false)
  return {
    isRunning,
    error,
    clear: () => setState({ isRunning: false, error: undefined }),
    async run(...args) {
      if (running.current) return false
      running.current = true
      setState({ isRunning: true, error: undefined })
      try {
        await work(...args)
        setState({ isRunning: false, error: undefined })
        return true
      } catch (failure) {
        const known = failure instanceof ApiError ? failure : new ApiError(0, undefined, String(failure))
        setState({ isRunning: false, error: known })
        return false
      } finally {
        running.current = false
      }
    },
  }
}

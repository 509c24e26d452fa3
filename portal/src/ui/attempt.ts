import { ApiError } from '../lib/api.ts'
import { toast } from './toasts.tsx'

/** Does work of a button or a menu that has no place for an error of its own: a toast tells it, with the request. */
export function attempt(work: () => Promise<void>): void {
  work().catch((error: unknown) => {
    const request = error instanceof ApiError && error.requestId !== undefined ? ` (${error.requestId})` : ''
    toast(`${error instanceof Error ? error.message : String(error)}${request}`, { isBad: true })
  })
}

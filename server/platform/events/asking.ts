import { AsyncLocalStorage } from 'node:async_hooks'

/** The request that is being answered: the client's address (X-Forwarded-For of trusted proxies only), and its id. */
export type Asking = { address: string; requestId: string }

// Otherwise every function from a request to its emit() would have to pass this on, and one that forgets it would leave
// a hole in the audit log. Only emit() reads it.
const current = new AsyncLocalStorage<Asking | undefined>()

/** Runs `work` as part of answering a request. */
export function answering<Result>(request: Asking, work: () => Result): Result {
  return current.run(request, work)
}

/** Runs `work` as part of answering a request that was the current one before; undefined: of none. */
export function answeringFor<Result>(request: Asking | undefined, work: () => Result): Result {
  return current.run(request, work)
}

/** The current request; undefined for what Marina does by itself. */
export function asking(): Asking | undefined {
  return current.getStore()
}

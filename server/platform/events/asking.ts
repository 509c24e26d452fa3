import { AsyncLocalStorage } from 'node:async_hooks'

/** The request that is being answered: where it came from, by trusted proxies only, and its id. */
type Asking = { address: string; requestId: string }

// Every verb of every feature would have to carry this from the door to its emit() otherwise, and one forgotten place would be a
// hole in the audit log. Only emit() reads it.
const current = new AsyncLocalStorage<Asking>()

/** Runs `work` as part of answering a request. */
export function answering<Result>(request: Asking, work: () => Result): Result {
  return current.run(request, work)
}

/** The request at hand; undefined for what Marina does by itself. */
export function asking(): Asking | undefined {
  return current.getStore()
}

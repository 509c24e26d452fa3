import { LRUCache } from 'lru-cache'
import type { Line } from './line.ts'
import { askToken, type Service, type Token } from './token.ts'
import type { Proof } from './types.ts'

/** The most scopes whose tokens are kept. */
const mostTokens = 1000

/** The tokens of one endpoint, by scope, until shortly before their end. */
export function openTokens() {
  const tokens = new LRUCache<string, Token>({ max: mostTokens })
  /** Scopes that the other side named instead of Marina's. */
  const named = new LRUCache<string, string[]>({ max: mostTokens })
  const underWay = new Map<string, Promise<Token>>()
  return {
    async get(line: Line, service: Service, scopes: string[], proof: Proof | undefined): Promise<string> {
      const key = scopes.join(' ')
      const kept = tokens.get(key)
      if (kept && performance.now() < kept.renewAt) return kept.token
      // Callers that need one token at once share one call (single flight); it ends with none of them.
      const ask = () => askToken({ ...line, signal: undefined }, service, named.get(key) ?? scopes, proof)
      const asked = underWay.get(key) ?? ask().finally(() => underWay.delete(key))
      underWay.set(key, asked)
      const token = await orAborted(asked, line.signal)
      tokens.set(key, token)
      return token.token
    },
    /** The token of these scopes was refused; `scope` is what the refusal names. */
    refused(scopes: string[], scope: string | undefined): void {
      const key = scopes.join(' ')
      tokens.delete(key)
      if (scope) named.set(key, scope.split(' '))
    },
  }
}

/** The result, unless the caller gives up first: what others wait for, too, goes on. */
export async function orAborted<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (!signal) return work
  const { promise, reject } = Promise.withResolvers<never>()
  const giveUp = () => reject(signal.reason as Error)
  if (signal.aborted) giveUp()
  signal.addEventListener('abort', giveUp, { once: true })
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', giveUp))
}

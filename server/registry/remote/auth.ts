import { LRUCache } from 'lru-cache'
import { ask, drop } from './ask.ts'
import { readChallenges } from './challenge.ts'
import type { Auth, Line } from './line.ts'
import { askToken, type Service, type Token } from './token.ts'
import type { Credential, Proof } from './types.ts'

/** How the other side wants to be shown who asks. */
type Mode = { kind: 'unknown' } | { kind: 'none' } | { kind: 'basic' } | ({ kind: 'bearer' } & Service)

/** The most scopes whose tokens are kept. */
const mostTokens = 1000

export function openAuth(credential: Credential | undefined): Auth {
  let mode: Mode = { kind: 'unknown' }
  let learning: Promise<void> | undefined
  /** TypeScript does not see that `learn` changes it. */
  const current = (): Mode => mode
  const proof = proofOf(credential)
  const tokens = new LRUCache<string, Token>({ max: mostTokens })
  const underWay = new Map<string, Promise<Token>>()
  /** Scopes that the other side named instead of Marina's. */
  const named = new LRUCache<string, string[]>({ max: mostTokens })

  const tokenFor = async (
    line: Line,
    service: Service,
    scopes: string[],
    shown: Proof | undefined,
  ): Promise<string> => {
    const key = scopes.join(' ')
    const kept = tokens.get(key)
    if (kept && performance.now() < kept.renewAt) return kept.token
    // Callers that need one token at once share one call (single flight); it ends with none of them.
    const asked =
      underWay.get(key) ??
      askToken({ ...line, signal: undefined }, service, named.get(key) ?? scopes, shown).finally(() =>
        underWay.delete(key),
      )
    underWay.set(key, asked)
    const token = await orAborted(asked, line.signal)
    tokens.set(key, token)
    return token.token
  }

  return {
    async headerFor(line, scopes, isAgain) {
      const shown = await proof.get(isAgain)
      if (shown?.kind === 'bearer') return `Bearer ${shown.token}`
      if (mode.kind === 'unknown') {
        learning ??= learn({ ...line, signal: undefined }).finally(() => (learning = undefined))
        await orAborted(learning, line.signal)
      }
      const now = current()
      if (now.kind === 'bearer') return `Bearer ${await tokenFor(line, now, scopes, shown)}`
      return now.kind === 'basic' && shown?.kind === 'basic' ? basic(shown) : undefined
    },
    challenged(header, { isInside, scopes }) {
      const before = mode
      mode = modeOf(header, isInside) ?? mode
      if (mode.kind === 'bearer') {
        const key = scopes.join(' ')
        tokens.delete(key)
        if (mode.scope) named.set(key, mode.scope.split(' '))
        return credential?.kind !== 'bearer'
      }
      return mode.kind !== before.kind || credential?.kind === 'fresh'
    },
    async ownHeader() {
      const shown = await proof.get(false)
      if (shown?.kind === 'basic') return basic(shown)
      return shown ? `Bearer ${shown.token}` : undefined
    },
  }

  /** Asks `/v2/` without a credential, so that no upload is sent in vain. */
  async function learn(line: Line): Promise<void> {
    const question = { method: 'GET', url: `${line.base}/v2/`, expects: [200, 401, 403, 404], isRepeatable: true }
    const answer = await ask(line, question)
    await drop(answer)
    const wanted = answer.status === 401 ? modeOf(answer.headers['www-authenticate'], answer.isInside) : undefined
    // The scope of this challenge is not that of the call to come.
    mode = wanted?.kind === 'bearer' ? { ...wanted, scope: undefined } : (wanted ?? { kind: 'none' })
  }
}

/** Bearer if the other side offers it, else Basic; undefined when it offers neither. */
function modeOf(header: string | undefined, isInside: boolean): Mode | undefined {
  const challenges = readChallenges(header)
  const bearer = challenges.find(({ scheme, params }) => scheme === 'bearer' && params.get('realm'))
  if (bearer) {
    const { params } = bearer
    return {
      kind: 'bearer',
      realm: params.get('realm')!,
      service: params.get('service'),
      scope: params.get('scope'),
      isInside,
    }
  }
  return challenges.some(({ scheme }) => scheme === 'basic') ? { kind: 'basic' } : undefined
}

const basic = ({ username, password }: Extract<Proof, { kind: 'basic' }>): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

/** How long before its end a proof is replaced, in ms. */
const skewMs = 60_000

function proofOf(credential: Credential | undefined) {
  let kept: { proof: Proof; endsAt: Date } | undefined
  let underWay: Promise<{ proof: Proof; endsAt: Date }> | undefined
  return {
    /** `isAgain`: the last proof was refused. */
    async get(isAgain: boolean): Promise<Proof | undefined> {
      if (credential?.kind !== 'fresh') return credential
      if (kept && !isAgain && Date.now() < kept.endsAt.getTime() - skewMs) return kept.proof
      underWay ??= credential.fresh().finally(() => (underWay = undefined))
      kept = await underWay
      return kept.proof
    },
  }
}

/** The result, unless the caller gives up first: what others wait for, too, goes on. */
async function orAborted<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (!signal) return work
  const { promise, reject } = Promise.withResolvers<never>()
  const giveUp = () => reject(signal.reason as Error)
  if (signal.aborted) giveUp()
  signal.addEventListener('abort', giveUp, { once: true })
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', giveUp))
}

import { ask, drop } from './ask.ts'
import { readChallenges } from './challenge.ts'
import type { Auth, Line } from './line.ts'
import type { Service } from './token.ts'
import { openTokens, orAborted } from './tokens.ts'
import type { Credential, Proof } from './types.ts'

/** How the other side wants to be shown who asks. */
type Mode = { kind: 'unknown' } | { kind: 'none' } | { kind: 'basic' } | ({ kind: 'bearer' } & Service)

/** Opens the credential of one endpoint. Asks nothing until the first call. */
export function openAuth(credential: Credential | undefined): Auth {
  let mode: Mode = { kind: 'unknown' }
  let learning: Promise<void> | undefined
  /** TypeScript does not see that `learn` changes it. */
  const current = (): Mode => mode
  const proof = proofOf(credential)
  const tokens = openTokens()

  return {
    async headerFor(line, scopes, isAgain) {
      const shown = await proof.get(isAgain)
      if (shown?.kind === 'bearer') return `Bearer ${shown.token}`
      if (mode.kind === 'unknown') {
        learning ??= learn({ ...line, signal: undefined }).finally(() => (learning = undefined))
        await orAborted(learning, line.signal)
      }
      const now = current()
      if (now.kind === 'bearer') return `Bearer ${await tokens.get(line, now, scopes, shown)}`
      return now.kind === 'basic' && shown?.kind === 'basic' ? basic(shown) : undefined
    },
    challenged(header, { isInside, scopes }) {
      const before = mode
      mode = modeOf(header, isInside) ?? mode
      if (mode.kind === 'bearer') {
        tokens.refused(scopes, mode.scope)
        return credential?.kind !== 'bearer'
      }
      return mode.kind !== before.kind || credential?.kind === 'fresh'
    },
    renewsOwn: credential?.kind === 'fresh',
    async ownHeader(isAgain) {
      const shown = await proof.get(isAgain)
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

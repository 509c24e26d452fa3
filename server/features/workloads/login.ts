import { OciError } from '../../../oci/errors.ts'
import { openLru } from '../../platform/lru.ts'
import type { Tokens } from '../../registry/token.ts'
import type { Workload } from './admit.ts'
import { TokenRefused, type Why } from './refused.ts'
import { isJwt } from './verify.ts'

/** The user name with which a token of another issuer, or a secret made from one, is a password. */
export const workloadUser = 'workload'
/** By its beginning people and scanners of leaked secrets know what it is. */
const prefix = 'marina_wl_'
/** The time in which refused tokens of an address count, in ms. */
const windowMs = 60_000

export type WorkloadLogin = {
  /** Whether a name and a password are for this login; those of accounts never are, as no password looks so. */
  takes(name: string, password: string): boolean
  /** Throws UNAUTHORIZED with the reason, UNAVAILABLE while keys cannot be read, and TOOMANYREQUESTS. */
  login(password: string, address: string): Promise<Workload>
  /** Takes a token of another issuer alone, and no secret of Marina's. Throws as `login`. */
  exchange(token: string, address: string): Promise<Workload>
  /** A secret for a workload that was taken, in place of its token. */
  makeSecret(workload: Workload): Promise<string>
}

type LoginOptions = {
  admit(token: string): Promise<Workload>
  tokens: Tokens
  /** Whether rights are left: by rules that are still the same, whose makers may still do this. */
  isActive(workload: Workload): Promise<boolean>
  /** Refused tokens of one address in a minute, before further ones wait. */
  failures: number
  /** Told of each token: `taken`, or why it was refused. */
  onResult(result: Why | 'taken'): void
  /** Told of each token that was refused. */
  onRefused(why: Why): void
}

export function openWorkloadLogin({
  admit,
  tokens,
  isActive,
  failures,
  onResult,
  onRefused,
}: LoginOptions): WorkloadLogin {
  const failed = openFailures(failures)

  const exchange: WorkloadLogin['exchange'] = async (token, address) => {
    try {
      failed.refuseTooMany(address)
      const workload = await admit(token)
      onResult('taken')
      return workload
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error
      onResult(error.why)
      if (error.why !== 'throttled' && error.why !== 'unreachable') failed.count(address)
      onRefused(error.why)
      throw answerOf(error)
    }
  }

  return {
    takes: (name, password) => name === workloadUser && (password.startsWith(prefix) || isJwt(password)),
    exchange,
    async login(password, address) {
      if (!password.startsWith(prefix)) return exchange(password, address)
      const caller = await tokens.verifySecret(password.slice(prefix.length))
      if (caller?.kind === 'workload' && (await isActive(caller))) return caller
      onResult('over')
      onRefused('over')
      throw new OciError('UNAUTHORIZED', 'this secret is over, or the rule behind it is: exchange a token again')
    },
    makeSecret: async (workload) => {
      const seconds = workload.until - Math.floor(Date.now() / 1000)
      return prefix + (await tokens.issueSecret(workload, Math.max(1, seconds)))
    },
  }
}

/** A signature cannot be guessed: this bounds only what checking costs, and so each process counts for itself. */
function openFailures(most: number) {
  const failed = openLru<string, { count: number; endsAt: number }>(10_000)
  return {
    refuseTooMany(address: string): void {
      const known = failed.get(address)
      if (known && known.count >= most && known.endsAt > performance.now())
        throw new TokenRefused('throttled', 'too many tokens of this address were refused: try again in a minute')
    },
    count(address: string): void {
      const known = failed.get(address)
      if (known && known.endsAt > performance.now()) known.count++
      else failed.set(address, { count: 1, endsAt: performance.now() + windowMs })
    },
  }
}

function answerOf({ why, message }: TokenRefused): OciError {
  if (why === 'throttled') return new OciError('TOOMANYREQUESTS', message, { headers: { 'retry-after': '60' } })
  if (why === 'unreachable') return new OciError('UNAVAILABLE', message, { headers: { 'retry-after': '30' } })
  return new OciError('UNAUTHORIZED', message)
}

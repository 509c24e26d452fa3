import type { Db } from '../../../platform/db/db.ts'
import type { Part } from '../../../platform/observe/part.ts'
import type { Confirm, OutsideState } from '../../access/index.ts'
import { confirmAccount, purposeOf, type ConfirmOptions } from './confirm.ts'
import { endGone } from './gone.ts'
import { inTime } from './in-time.ts'
import type { Origin, OutsideProvider, ProviderName } from './provider.ts'
import { findOrigin, noteAsked } from './store.ts'

export type AskingLimits = { refreshMs: number; graceMs: number; answerMs: number; pauseMs: number }
type AskOutcome = 'there' | 'gone' | 'failed'

type AskingOptions = ConfirmOptions & {
  db: Db
  secrets: { unseal(sealed: string, purpose: string): string }
  providers: ReadonlyMap<ProviderName, OutsideProvider>
  limits: AskingLimits
  /** Told when a provider does not answer, and when it answers again. */
  part: Pick<Part, 'failed' | 'well'>
  onAsked(provider: ProviderName, outcome: AskOutcome): void
  now?: () => number
}

export type Asking = {
  /** Asks the provider of an account again when its last word is old: at each use of rights. */
  confirm: Confirm
  /** Asks the provider now. Resolves with its answer, or 'failed' for a provider that does not answer. */
  ask(accountId: number): Promise<AskOutcome>
}

/**
 * Keeps accounts from outside true to their providers. A provider is asked about an account at most every `refreshMs`,
 * by the first use of its rights after that; further uses at the same moment share the question. A question takes
 * `answerMs` at most and holds up nobody but the account's own requests. When it fails, its provider is left alone for
 * `pauseMs`, and the last answer counts until it is `graceMs` old.
 */
export function openAsking(options: AskingOptions): Asking {
  const { limits, providers, part, now = Date.now } = options
  const underWay = new Map<number, Promise<AskOutcome>>()
  const pausedUntil = new Map<string, number>()

  const isOver = ({ confirmedAt }: OutsideState) => now() - confirmedAt > Math.max(limits.graceMs, limits.refreshMs)
  return {
    confirm(accountId, state) {
      if (state.isGone || now() - state.confirmedAt < limits.refreshMs) return 'fresh'
      if ((pausedUntil.get(state.provider) ?? 0) > now() && !underWay.has(accountId))
        return isOver(state) ? 'lapsed' : 'fresh'
      return ask(accountId).then((outcome) => (outcome !== 'failed' ? 'asked' : isOver(state) ? 'lapsed' : 'fresh'))
    },
    ask,
  }

  function ask(accountId: number): Promise<AskOutcome> {
    const known = underWay.get(accountId)
    if (known) return known
    const asked = askNow(accountId).finally(() => underWay.delete(accountId))
    underWay.set(accountId, asked)
    return asked
  }

  async function askNow(accountId: number): Promise<AskOutcome> {
    const origin = await findOrigin(options.db, accountId)
    if (!origin || origin.isGone) return 'gone'
    const outcome = await askProvider(origin)
    options.onAsked(origin.provider, outcome)
    return outcome
  }

  async function askProvider(origin: Origin): Promise<AskOutcome> {
    const provider = providers.get(origin.provider)
    const what = `${origin.provider} does not answer`
    try {
      if (!provider) throw new Error(`no provider ${origin.provider} is there`)
      const secret = origin.secret && options.secrets.unseal(origin.secret, purposeOf(origin.accountId))
      const said = await inTime(limits.answerMs, (signal) => provider.refresh({ ...origin, secret }, signal))
      part.well(what)
      await note(options, { provider, origin, said })
      return said === 'gone' ? 'gone' : 'there'
    } catch (error) {
      part.failed(what, error, limits.graceMs)
      pausedUntil.set(origin.provider, now() + limits.pauseMs)
      return 'failed'
    }
  }
}

type Said = { provider: OutsideProvider; origin: Origin; said: Awaited<ReturnType<OutsideProvider['refresh']>> }

/** Saves what a provider has said of an account. */
async function note(options: AskingOptions, { provider, origin, said }: Said): Promise<void> {
  if (said === 'gone') await endGone(options.db, origin)
  else if (said === 'unknown') await noteAsked(options.db, origin.accountId)
  else await confirmAccount(options, provider, said, { mayMake: false })
}

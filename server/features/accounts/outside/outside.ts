import type { Reader } from '../../../catalog/reader.ts'
import type { Db } from '../../../platform/db/db.ts'
import type { Component } from '../../../platform/observe/health.ts'
import type { Metrics } from '../../../platform/observe/metrics.ts'
import type { Part } from '../../../platform/observe/part.ts'
import type { SettingsReader } from '../../settings/index.ts'
import type { Owned } from '../providers/provider.ts'
import type { Account } from '../store.ts'
import { openAsking, type Asking, type AskingLimits } from './asking.ts'
import { confirmAccount, type ConfirmOptions } from './confirm.ts'
import { openPeople } from './people.ts'
import { providerOfMode, type OutsideProvider, type ProviderName, type Vouched } from './provider.ts'

export type LoginOutcome = 'right' | 'wrong' | 'failed'

/** Accounts that other systems vouch for. */
export type Outside = Asking & {
  providers: ReadonlyMap<ProviderName, OutsideProvider>
  /** Who checks the password of a person of this name. */
  people(name: string): Promise<Owned>
  /** Saves what a provider says of a person: `confirmAccount`. */
  vouch(provider: OutsideProvider, vouched: Vouched, options?: { mayMake?: boolean }): Promise<Account | undefined>
  /** Counts a login at a provider, in the metric of all logins. */
  noteLogin(provider: string, outcome: LoginOutcome): void
  component: Component
  measure(metrics: Metrics): void
}

type OutsideOptions = Omit<ConfirmOptions, 'robotPrefix'> & {
  db: Db
  cache: Reader['cache']
  secrets: ConfirmOptions['secrets'] & { unseal(sealed: string, purpose: string): string }
  settings: SettingsReader
  providers: readonly OutsideProvider[]
  limits: AskingLimits
  part: Part
}

/** Opens the accounts from outside, with the providers that this installation has. Has no effects. */
export function openOutside(options: OutsideOptions): Outside {
  const { db, cache, settings, limits, part } = options
  const providers = new Map(options.providers.map((one) => [one.name, one]))
  const [logins, questions] = [openTally(), openTally()]
  const confirming = { ...options, robotPrefix: () => settings.get('robot_name_prefix') }
  const vouch: Outside['vouch'] = (provider, vouched, more) => confirmAccount(confirming, provider, vouched, more)
  const asking = openAsking({
    ...confirming,
    providers,
    onAsked: (provider, outcome) => questions.add(provider, outcome),
  })
  const current = async () => {
    const name = providerOfMode[await settings.get('auth_mode')]
    return name && (providers.get(name) ?? 'missing')
  }
  return {
    ...asking,
    providers,
    vouch,
    people: openPeople({ reader: { db, cache }, current, confirm: vouch, answerMs: limits.answerMs, part }),
    noteLogin: (provider, outcome) => logins.add(provider, outcome),
    component: part.component,
    measure(metrics) {
      const labels = ['provider', 'outcome']
      metrics.counts('marina_logins_total', 'Names and passwords checked, not from memory', labels, logins.read)
      metrics.counts(
        'marina_identity_questions_total',
        'Providers asked whether an account is still there',
        labels,
        questions.read,
      )
    },
  }
}

/** Why `auth_mode` cannot have this value, or undefined: its provider must be there. */
export function authModeProblem(mode: string, providers: readonly { name: ProviderName }[]): string | undefined {
  const name = providerOfMode[mode]
  if (name === undefined || providers.some((one) => one.name === name)) return undefined
  return `auth_mode cannot be ${mode}: this way to log in is not there yet`
}

/** Counts by provider and outcome. */
function openTally() {
  const counts = new Map<string, { labels: string[]; value: number }>()
  return {
    add(...labels: string[]) {
      const key = labels.join(' ')
      const known = counts.get(key)
      if (known) known.value++
      else counts.set(key, { labels, value: 1 })
    },
    read: () => [...counts.values()],
  }
}

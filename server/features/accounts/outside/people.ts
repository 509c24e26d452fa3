import { OciError } from '../../../../oci/errors.ts'
import type { Reader } from '../../../catalog/reader.ts'
import { Failure } from '../../../platform/http/failure.ts'
import type { Part } from '../../../platform/observe/part.ts'
import type { Caller } from '../../../registry/caller.ts'
import { claimOf, localProvider } from '../providers/local.ts'
import type { Claim, Owned } from '../providers/provider.ts'
import { firstAccountId } from '../rules.ts'
import { findAccount, type Account } from '../store.ts'
import { inTime } from './in-time.ts'
import type { OutsideProvider, Vouched } from './provider.ts'

type PeopleOptions = {
  reader: Reader
  /** The provider of the mode that is set; undefined for db_auth. */
  current(): Promise<OutsideProvider | 'missing' | undefined>
  confirm(provider: OutsideProvider, vouched: Vouched): Promise<Account | undefined>
  answerMs: number
  part: Pick<Part, 'failed' | 'well'>
}

/**
 * Returns who checks the password of a person: as in Harbor, the provider of the mode for everybody but the first
 * administrator, whose password is always Marina's own, so that a provider that fails locks nobody out of the settings.
 */
export function openPeople(options: PeopleOptions): (name: string) => Promise<Owned> {
  const { reader, current } = options
  const local = localProvider(reader)
  return async (name) => {
    const provider = await current()
    const isOurs = provider === undefined || (await findAccount(reader, name))?.id === firstAccountId
    if (isOurs) return { provider: local, claim: await local.claim(name) }
    // Nobody logs in with a password at such a provider: checked as a name that does not exist.
    if (provider === 'missing' || !provider.logIn) return { provider: local, claim: claimOf(undefined) }
    const claim = { version: undefined, check: checkOf(options, provider, name) }
    // Directories take names in any case: nobody gets more guesses by spelling them differently.
    return { provider: { name: provider.name }, claim, throttledAs: name.trim().toLowerCase() }
  }
}

function checkOf(options: PeopleOptions, provider: OutsideProvider, name: string): Claim['check'] {
  return async (password, signal) => {
    // RFC 4513, 5.1.2: a directory takes an empty password for no login at all, and lets it pass.
    if (password === '' || name.trim() === '') return undefined
    const vouched = await asked(options, provider, (inner) => provider.logIn!(name, password, inner), signal)
    const account = vouched && (await confirmed(options, provider, vouched))
    if (!account || account.isDisabled) return undefined
    return { kind: 'user', id: account.id, name: account.name } satisfies Caller
  }
}

/** Throws UNAVAILABLE when the provider does not answer. */
async function asked<Said>(
  { answerMs, part }: PeopleOptions,
  { name, title }: OutsideProvider,
  work: (signal: AbortSignal) => Promise<Said>,
  signal: AbortSignal,
): Promise<Said> {
  const what = `${name} does not check passwords`
  try {
    const said = await inTime(answerMs, work, signal)
    part.well(what)
    return said
  } catch (error) {
    part.failed(what, error, answerMs * 20)
    const why = `${title} does not answer, so the password cannot be checked: try again later`
    throw new OciError('UNAVAILABLE', why, { headers: { 'retry-after': '10' }, cause: error })
  }
}

/** Throws DENIED, with the reason, for a person whose account cannot be made. */
function confirmed(
  { confirm }: PeopleOptions,
  provider: OutsideProvider,
  vouched: Vouched,
): Promise<Account | undefined> {
  return confirm(provider, vouched).catch((error: unknown) => {
    throw error instanceof Failure ? new OciError('DENIED', error.message, { cause: error }) : error
  })
}

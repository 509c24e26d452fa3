import type { Static } from 'typebox'
import type { LdapFailedImportUser } from '../../../api/ldap.ts'
import { Failure } from '../../platform/http/failure.ts'
import type { Account, Vouched } from '../accounts/index.ts'
import type { LdapConfig } from './config.ts'
import type { Directory } from './directory.ts'

type Failed = Static<typeof LdapFailedImportUser>
/** Saves what the directory says of a person. */
export type Vouch = (vouched: Vouched) => Promise<Account | undefined>

/**
 * Makes accounts for these names, or for none of them when a name is not in the directory. Returns what failed, in
 * Harbor's words. Throws what the directory throws.
 */
export async function importPeople(
  { directory, vouch }: { directory: Directory; vouch: Vouch },
  config: LdapConfig,
  names: string[],
): Promise<Failed[]> {
  const wanted = [...new Set(names.map((name) => name.trim()))]
  const found = await directory.vouchFor(config, wanted)
  const failed = wanted.flatMap((uid, index): Failed[] => {
    if (uid === '') return [{ error: 'empty_uid' }]
    return found[index] ? [] : [{ uid, error: 'unknown_user' }]
  })
  if (failed.length > 0) return failed
  for (const [index, uid] of wanted.entries()) {
    const why = await vouch(found[index]!).then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof Failure) return error.message
        throw error
      },
    )
    if (why !== undefined) failed.push({ uid, error: why })
  }
  return failed
}

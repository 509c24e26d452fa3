import { isUniqueViolation, type Db } from '../../platform/db/db.ts'
import { sql } from '../../platform/db/sql.ts'
import { updateAccount } from './actions.ts'
import { hashPassword, makePassword } from './passwords.ts'
import { findAccount, saveAccount } from './store.ts'

const adminName = 'admin'

/** Makes the administrator at the first start. Returns the password when it was generated, so that it is shown once. */
export async function ensureAdmin(db: Db, configured: string | undefined): Promise<string | undefined> {
  if (await db.row(sql`select id from account where is_admin limit 1`)) return undefined
  const password = configured ?? makePassword()
  const passwordHash = await hashPassword(password)
  try {
    await db.transaction((tx) =>
      saveAccount(tx, { name: adminName, passwordHash, isAdmin: true, hasMadePassword: configured === undefined }),
    )
  } catch (error) {
    // Another replica was first, and its password holds.
    if (isUniqueViolation(error)) return undefined
    throw error
  }
  return configured === undefined ? password : undefined
}

/** Gives the administrator a new password and enables the account (C-26). For the command line only, not over HTTP. */
export async function resetAdminPassword(db: Db, reader: Parameters<typeof findAccount>[0]): Promise<string> {
  const account = await findAccount(reader, adminName)
  if (!account) throw new Error('there is no administrator yet: start Marina once')
  const password = makePassword()
  const passwordHash = await hashPassword(password)
  await updateAccount(db, account, { passwordHash, hasMadePassword: true, isDisabled: false })
  return password
}

import { isVisible } from '../../../platform/visible.ts'
import { profileProblem } from '../rules.ts'
import type { Vouched } from './provider.ts'

/** The name of the account, as Harbor makes it: commas, which separate names in lists, become underscores. */
export const accountNameOf = (username: string): string => username.trim().replaceAll(',', '_')

/** Returns what is wrong with a name that a provider gives, or undefined. Milder than for names that people choose. */
export function vouchedNameProblem(name: string, robotPrefix: string): string | undefined {
  if (name.length < 1 || name.length > 255) return 'a username has 1 to 255 characters'
  if (!isVisible(name)) return 'a username holds no control characters and no invisible ones'
  if (name.startsWith(robotPrefix)) return `a username does not begin with ${robotPrefix}: names of robots do`
  // RFC 7617: the colon ends the name in a Basic header.
  return name.includes(':') ? 'a username holds no colon' : undefined
}

/** The profile as far as Marina can keep it: an e-mail without its form, and a name that cannot be shown, are left. */
export function profileOf({ email, realName }: Vouched, name: string): { email: string | null; realName: string } {
  const isShown = realName !== '' && realName.length <= 255 && isVisible(realName)
  return {
    email: email !== null && email !== '' && profileProblem({ email }) === undefined ? email : null,
    realName: isShown ? realName : name,
  }
}

/** The first account: it can be neither deleted nor demoted (C-26), and takes over what deleted accounts owned. */
export const firstAccountId = 1

/** Harbor's forbidden characters (`$` marks robots), and the colon, which would end the name in a Basic header. */
const forbidden = /[,~#$%:\p{Cc}]/u
const emailForm = /^[^\s@<>()[\]\\,;:"\p{Cc}]+@[^\s@<>()[\]\\,;:"\p{Cc}]+\.[^\s@<>()[\]\\,;:."\p{Cc}]+$/u

export type Profile = { email: string | null; realName: string; comment: string }

export function accountNameProblem(name: string): string | undefined {
  if (name.length < 1 || name.length > 255 || name.trim() !== name)
    return 'a username has 1 to 255 characters, and no space at its ends'
  return forbidden.test(name) ? 'a username holds none of , ~ # $ % :' : undefined
}

/** Returns what is wrong with a profile, in Harbor's words; undefined when nothing is. */
export function profileProblem({ email, realName, comment }: Partial<Profile>): string | undefined {
  if (email && (email.length > 255 || !emailForm.test(email))) return 'email with illegal format'
  if (realName !== undefined && realName.length > 255) return 'realname with illegal length'
  if (realName !== undefined && /[,~#$%\p{Cc}]/u.test(realName)) return 'realname contains illegal characters'
  if (comment !== undefined && (comment.length > 255 || comment.includes('\0'))) return 'comment with illegal length'
  return undefined
}
